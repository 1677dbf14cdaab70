// What is known, what is chosen, and how both get to the page.

const REFETCH_MS = 700, SEARCH_MS = 250, STILL_MS = 30000, KNOCK_MS = 20000;
const now = { asked: 0, overview: null, selected: null, alert: null, story: null, fresh: new Set(), seen: new Map(), lost: null, troubles: [], clockMoved: Date.now(), heard: Date.now() };

const sea = new SeaMap($("map"), $("tip"), choose);
const rows = new CaseList($("cases"), choose, (caseId) => sea.point(caseId));
const detail = new Detail($("detail"), { closed: () => choose(null), chosen: chooseAlert, say, reach: (one, dark) => sea.reachOf(one, dark), link: caseLink, mapped: toggleMap });
const area = new AreaPick(document.querySelector(".middle"), { placeAt: (px, py) => sea.view.placeAt(px, py), pixelAt: (lon, lat) => sea.view.at(lon, lat) });
const own = detail.own = new OwnLists($("own"), area);
const handover = new HandoverSheet($("handover"), (caseId, alertId) => { choose(caseId); chooseAlert(alertId); });
const filters = new CaseFilters({ changed: () => { keepAddress(); load(); }, me: () => myName(detail.me), area });
const moment = new Moment({ changed: () => { keepAddress(); showMoment(); }, told: () => timeline.show(), clock: () => now.present && now.present.clock, recorded: () => Boolean(now.story && now.story.case.replayed) });
const timeline = new Timeline($("time"), moment, { chosen: choose, counts: countsOf });
sea.onpoint = (caseId) => rows.mark(caseId);
const moved = soon(keepAddress, 400);
sea.onmoved = () => { moved(); area.follow(); };
const refetch = soon(() => { load(); }, REFETCH_MS), search = soon(() => { load(); }, SEARCH_MS);

/** Runs `work` once, `ms` after the first of many calls. */
function soon(work, ms) {
  let timer = 0;
  return () => { timer ||= setTimeout(() => { timer = 0; work(); }, ms); };
}

/** The address asks for what cannot be. */
class WrongQuestion extends Error {}

async function ask(path) {
  const answer = await fetch(path, { credentials: "same-origin" });
  if (answer.status === 404) return null;
  if (answer.status === 400) throw new WrongQuestion((await answer.text()).trim());
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function load() {
  const asked = ++now.asked;
  try {
    const words = wordsNow();
    const path = now.path = `/api/alerts?log=${$("log").checked ? 1 : 0}${words ? `&find=${encodeURIComponent(words)}` : ""}${filters.query()}`;
    const overview = await ask(path);
    if (asked !== now.asked) return; // a later question was asked since: its answer is the newer one
    listFiles.shown($("files"), path);
    notice(overview, !now.present || now.present.state === "loading");
    now.present = overview;
    tellClock(overview);
    moment.remark().catch(() => {});
    await loadMoment(path);
  } catch (error) {
    if (!(error instanceof WrongQuestion)) { lose(); return; }
    filters.wrong(error.message);
    load();
  }
}

async function loadStory() {
  const asked = now.selected;
  const story = await askMoment(`/api/cases/${asked.split("/").map(encodeURIComponent).join("/")}`);
  if (asked !== now.selected) return;
  now.story = story;
  if (!story) { await followAlert(); return; }
  const id = story.alerts.some((line) => line.id === now.alertId) ? now.alertId : story.case.lead;
  const alert = await askMoment(`/api/alerts/${id}`);
  if (asked === now.selected && alert) now.alert = alert;
  else if (asked === now.selected && moment.past) now.alert = story.alerts.find((line) => line.id === id); // the log no longer has it whole
}

/** What got worse or new since the page was opened is marked until somebody looks at it. */
function notice(overview, first) {
  const part = partial(overview), hidden = (overview.hidden || {}).page || 0;
  if (part && now.hidden !== undefined && hidden > now.hidden) $("said").textContent = "A new page is not shown: it does not match the search or filter";
  now.hidden = part ? hidden : undefined;
  first ||= !part && !now.whole; // so far only a part was known: the rest is not new
  now.whole ||= !part;
  for (const one of overview.cases) {
    const before = now.seen.get(one.case_id);
    const worse = before ? URGENCY[one.severity] > URGENCY[before.severity] || (one.open && !before.open) : !part;
    if (!first && one.open && one.severity !== "log" && worse && one.case_id !== now.selected) {
      now.fresh.add(one.case_id);
      if (one.severity === "page") { $("said").textContent = inert(`New page: ${one.headline}`); tellDesktop(one); timeline.announce(one); }
    }
  }
  const cases = overview.cases.map((one) => [one.case_id, { severity: one.severity, open: one.open }]);
  now.seen = new Map(part ? [...now.seen, ...cases] : cases); // a search shows a part of what there is
  now.fresh = new Set([...now.fresh].filter((caseId) => now.seen.has(caseId)));
}

function render() {
  const { overview } = now;
  if (!overview) return;
  const marks = { words: wordsNow(), selected: now.selected, fresh: moment.past ? new Set() : now.fresh, log: $("log").checked };
  rows.show(overview, marks);
  sea.selected = now.selected;
  sea.shapes = now.selected && now.alert ? imageShapes(now.alert.details || {}) : null;
  detail.reachKn = overview.reach_kn;
  sea.show(shownCases(), overview.clock, overview.reach_kn);
  if (sea.tracks) sea.tracks.follow(now.selected && now.story ? now.story.case : null, overview.clock);
  tellCounts(now.present);
  Object.assign(detail, { past: moment.past, waits: moment.past && !moment.ready });
  if (!now.selected) detail.hide();
  else if (!now.story) detail.gone(now.selected);
  else if (now.alert) detail.show(now.story, now.alert, overview.clock);
}

function shownCases() {
  const cases = found(now.overview, wordsNow());
  const chosen = now.story && now.selected === now.story.case.case_id ? now.story.case : null;
  return chosen ? [...cases.filter((one) => one.case_id !== chosen.case_id), chosen] : cases;
}

/** What is looked for: the console searches all cases, the page meanwhile those that it has. */
function wordsNow() {
  return $("find").value.trim().slice(0, 100);
}

function tellCounts(overview) {
  const open = overview.open;
  $("counts").replaceChildren(...countsOf(open));
  $("log-label").textContent = `Log (${number(open.log)})`;
  document.title = `${open.page ? `▲${open.page} ` : ""}${open.ticket ? `◆${open.ticket} ` : ""}wakewatch`;
  const shown = overview.cases.filter((one) => one.open);
  $("recording").hidden = !(overview.clock.recorded && !overview.clock.live) && !(shown.length && shown.every((one) => one.replayed));
  $("legend-reach").textContent = `area in reach by now at ${overview.reach_kn} kn (assumed, unless the case gives a speed)`;
}

function countsOf(open) {
  return ["page", "ticket", "log"].map((severity) => el("span", { class: `${severity}-text` }, `${MARKS[severity]} ${number(open[severity])} ${severity}`));
}

function tellClock(status) {
  const time = status.clock.live || status.clock.recorded;
  if ($("clock").dateTime !== (time || "")) now.clockMoved = Date.now();
  $("clock").dateTime = time || "";
  $("clock").textContent = fullTime(time);
  if (status.lists) Object.assign(now, { troubles: status.troubles || [], troubledAt: Date.now(), lists: status.lists });
  tellState(status.state);
}

function tellState(state) {
  if (state) now.state = state;
  const shown = now.overview && now.overview.state === "loading" && now.state === "following" ? "loading" : now.state; // not before the page has it
  const still = Date.now() - now.clockMoved > STILL_MS;
  $("clock-note").textContent = still ? `event time, UTC; not advancing for ${spoken(Date.now() - now.clockMoved)}` : "event time, UTC";
  $("state").className = `state${now.lost || now.state === "lost" ? " bad" : ""}`;
  const bad = now.troubles.some((one) => one.level === "alarm");
  if (bad) $("state").className = "state bad";
  $("state").textContent = now.lost ? "✕ no connection" : { loading: "loading alerts…", following: bad ? "✕ connected, with faults" : "● connected", lost: "✕ Kafka does not answer" }[shown] || "connecting";
  const old = now.lost ? `No answer from the console since ${new Date(now.lost).toLocaleTimeString()} (this computer's clock). The display is out of date.` : now.state === "lost" ? "Kafka does not answer the console. The display may be old." : "";
  tellTroubles(old);
  $("lists").textContent = now.lists && now.lists.version ? `Lists and zones: version ${now.lists.version}, imported ${when(now.lists.since)}.` : "Lists and zones: from the settings; no import.";
}

/** The banner. A line is kept while it says the same, so that a reader of the screen hears it once; its age runs on. */
function tellTroubles(old) {
  const lines = old ? [{ level: "alarm", said: old, for_ms: 0, more: "" }] : now.troubles;
  const box = $("alarms"), passed = Date.now() - (now.troubledAt || Date.now());
  const keys = lines.map((one) => one.level + one.said).join("\n");
  if (box.dataset.keys !== keys) {
    box.dataset.keys = keys;
    box.replaceChildren(...lines.map((one) => el("p", { class: one.level }, one.level === "alarm" ? "▲ " : "◆ ", one.said, el("span", { class: "age", "aria-live": "off" }), el("span", { class: "more" }))));
  }
  lines.forEach((one, i) => {
    const [age, more] = box.children[i].querySelectorAll("span");
    age.textContent = one.for_ms ? ` for ${aged(one.for_ms + passed)}` : "";
    more.textContent = one.more || "";
  });
  box.hidden = !lines.length;
}

/** What a person does about an alert; the console writes it to Kafka, and from there it comes back to every page. */
async function say(alertId, action) {
  const answer = await fetch(`/api/alerts/${alertId}/feedback`, { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: JSON.stringify(action) });
  if (!answer.ok) throw new Error((await answer.text()).trim());
}

/** Desktop notifications of new pages, for as long as this page is open and whoever sits here wants them. */
function tellDesktop(one) {
  if (!("Notification" in window) || Notification.permission !== "granted" || !$("bell").checked) return;
  const told = new Notification("wakewatch: new page", { body: inert(one.headline), tag: one.case_id });
  told.onclick = () => { window.focus(); choose(one.case_id); };
}

function loadOwn() {
  own.load().then(render, lose);
}

function loadZones() {
  ask("/api/zones").then((zones) => { sea.zones = zones; sea.draw(); }, lose);
}

function lose() {
  now.lost ||= Date.now();
  tellState();
}

function choose(caseId, stay = false) {
  const before = now.selected;
  Object.assign(now, { selected: caseId, alertId: null, alert: caseId === before ? now.alert : null, story: caseId === before ? now.story : null });
  now.fresh.delete(caseId);
  keepAddress();
  if (!caseId) {
    render();
    const row = rows.rows.get(before);
    if (row) row.focus();
    return;
  }
  loadStory().then(() => {
    render();
    if (now.story && before !== caseId && sea.view.width) requestAnimationFrame(() => sea.frame(now.story && now.story.case));
    if (before !== caseId) { $("detail").scrollTop = 0; if (!stay) $("detail").focus({ preventScroll: true }); }
  }, lose);
}

function chooseAlert(id) {
  now.alertId = id;
  keepAddress();
  loadStory().then(render, lose);
}

function listen() {
  const events = new EventSource("/api/events");
  const alive = (work) => (event) => {
    now.heard = Date.now();
    now.lost = null;
    work(event);
  };
  events.onopen = alive(refetch);
  events.addEventListener("clock", alive((event) => {
    const status = JSON.parse(event.data);
    if (now.present) now.present.clock = status.clock;
    tellClock(status);
    if (moment.tick(status)) load();
    if (now.overview && !moment.past) sea.show(sea.cases, status.clock, now.overview.reach_kn);
  }));
  events.addEventListener("revision", alive(refetch));
  events.addEventListener("reset", alive(refetch));
  events.addEventListener("zones", alive(loadZones));
  events.addEventListener("own", alive(() => { loadOwn(); }));
  events.onerror = () => lose();
  // A connection can die without a word: the console sends its clock every two seconds.
  setInterval(() => { if (Date.now() - now.heard > KNOCK_MS) lose(); tellState(); }, 1000);
}

$("bell").addEventListener("change", async () => { if ($("bell").checked && (await Notification.requestPermission()) !== "granted") $("bell").checked = false; });
$("bell-label").hidden = !("Notification" in window);
ask("/api/me").then((me) => { detail.me = me || { may: false }; Object.assign(own, { me: me || own.me }).render(); filters.show(); render(); if (filters.mine) load(); }, () => {});
$("find").addEventListener("input", () => { keepAddress(); render(); search(); });
$("log").addEventListener("change", () => { keepAddress(); load(); });
area.onstart = () => toggleMap(true);
$("map-toggle").addEventListener("click", toggleMap);
$("zoom-in").addEventListener("click", () => sea.view.zoom(1.6));
$("zoom-out").addEventListener("click", () => sea.view.zoom(1 / 1.6));
$("zoom-all").addEventListener("click", showAll);

new Keys($("keys"), {
  "/": () => $("find").focus(), f: () => filters.open($("filters").hidden), 0: showAll, g: () => { toggleMap(true); $("map").focus(); },
  j: () => rows.step(1), k: () => rows.step(-1), a: () => inCase("focusOn", "acknowledged"), u: () => inCase("focusOn", "withdrawn"), n: () => inCase("focusOn", "note"),
  o: () => inCase("openForm", "assigned"), x: () => inCase("openForm", "false_alarm"), c: () => inCase("copyLink"), h: () => handover.open(),
  t: () => timeline.focus(), "[": () => timeline.jump(-1), "]": () => timeline.jump(1),
}, escape);

function showAll() {
  sea.view.moved = false;
  sea.fit();
}

window.addEventListener("hashchange", () => { readAddress(); load(); });
readAddress();
loadZones();
loadOwn();
load();
listen();
