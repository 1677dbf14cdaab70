// One case: its timeline, and one of its alerts whole: what decided, what would change it, the evidence.

const ALERTS_AT_ONCE = 4;
const NAMES = { arrive_by: "earliest arrival" };
const UNITS = { s: "s", nm: "nm", kn: "kn", deg: "degrees", m: "m", h: "h", km: "km" };

class Detail {
  constructor(box, { closed, chosen, say, reach, link, mapped }) {
    Object.assign(this, { box, closed, chosen, say, reach, link, mapped, me: { may: false }, writing: {} });
    this.all = false;
  }

  hide() {
    this.box.hidden = true;
    this.box.replaceChildren();
    this.caseId = null;
  }

  show(story, alert, clock) {
    const one = story.case, now = nowOf(one, clock), scroll = this.caseId === one.case_id ? this.box.scrollTop : 0;
    if (this.caseId !== one.case_id) this.all = false;
    this.caseId = one.case_id;
    this.last = [story, alert, clock];
    const active = document.activeElement, inside = this.box.contains(active);
    const focused = inside ? active.dataset.key : null, caret = inside && active.matches("input[type=text]") ? active.selectionStart : null;
    this.box.hidden = false;
    this.box.replaceChildren(...this.head(one, now), ...this.lead(alert, story, now), ...this.watchShip(one), ...this.timeline(story, alert, now), ...this.alert(alert, story, now), ...this.files(one),
      el("p", { class: "lead-note" }, "A lead to check, not a finding. Silence and a listed name can have innocent causes."));
    this.box.scrollTop = scroll;
    const again = focused && [...this.box.querySelectorAll("[data-key]")].find((made) => made.dataset.key === focused);
    const kept = again || (focused && this.box.querySelector(".work .acts button")); // a button that did its work is gone
    if (kept) kept.focus({ preventScroll: true });
    if (again && caret !== null) again.setSelectionRange(caret, caret);
  }

  gone(caseId) {
    this.box.hidden = false;
    if (this.past) { this.box.replaceChildren(this.closeButton(), el("p", { class: "empty" }, this.waits ? "The log is still being read." : `Nothing was known of ${caseId} at this moment, or the log no longer has it.`)); return; }
    this.box.replaceChildren(this.closeButton(), el("p", { class: "empty" }, `${caseId} is no longer on this page: it closed more than a day ago. \`wakewatch alerts\` still has it.`));
  }

  closeButton() {
    return el("button", { type: "button", class: "close", "data-key": "close", onclick: this.closed }, "Close ", el("span", { "aria-hidden": "true" }, "✕"));
  }

  head(one, now) {
    const vessel = one.vessel || {}, dark = one.open ? silence(one) : null;
    const ids = [vessel.imo && `IMO ${vessel.imo}`, one.mmsi && `MMSI ${one.mmsi}`, vessel.call_sign && `call sign ${vessel.call_sign}`, vessel.flag && `flag ${vessel.flag}`,
      vessel.ship_type && kindOf(vessel.ship_type), vessel.length_m && `${vessel.length_m} m`].filter(Boolean).join(" · ");
    const last = one.position ? `${isArea(one) ? "Centre of the area" : "Last position"} ${place(one.position)}, ${when(one.position.time, now)}${motion(one.position)}` : "No position known";
    return [
      el("div", { class: "top" }, el("h2", {}, nameOf(one)), el("button", { type: "button", class: "quiet only-phone", "data-key": "map", onclick: this.mapped }, "Map"), this.closeButton()),
      el("p", { class: `${one.open ? one.severity : "log"}-text` }, `${MARKS[one.severity]} ${one.severity}${one.open ? "" : ", closed"}`, ...tags(one, new Set(), true)),
      el("p", { class: "ids-line" }, ids || one.case_id),
      el("p", { class: "ids-line" }, last),
      one.assigned ? el("p", { class: "ids-line" }, `Assigned to ${one.assigned}`) : null,
      dark && el("p", { class: "ids-line" }, `Apparently silent for ${spoken(sinceMs(dark.since, now))}${this.reached(one, dark)}`),
    ].filter(Boolean);
  }

  /** How far it may have come since; past a circle that says anything, that it says nothing. */
  reached(one, dark) {
    const nm = this.reach(one, dark);
    if (!nm) return "";
    return nm > REACH_MOST_NM ? ": it could be anywhere" : `; could have sailed ${number(nm, 0)} nm at ${dark.reach_kn || this.reachKn} kn${dark.reach_kn ? "" : " (assumed)"}`;
  }

  timeline(story, alert, now) {
    const lines = story.alerts;
    const shown = this.all ? lines : lines.filter((line, i) => i < ALERTS_AT_ONCE || line.status === "opened" || line.status === "updated" || line.id === alert.id);
    const items = shown.map((line) => el("li", { class: isOpen(line) ? "is-open" : "over-now" }, el("button", {
      type: "button", "data-key": line.id, class: isOpen(line) ? "is-open" : "over-now", "aria-pressed": line.id === alert.id ? "true" : "false", onclick: () => this.chosen(line.id),
    }, el("span", { class: "when" }, `${when(line.time, now)} `, el("span", { class: `${line.severity}-text` }, `${MARKS[line.severity]} ${line.severity}`), ` ${line.detector.replaceAll("_", " ")}, ${STATUS[line.status]}${line.word ? `, ${wordOf(line.word)}` : ""}`), el("span", { class: "what", title: line.headline }, shorter(story.case, line.headline)))));
    const rest = lines.length - shown.length;
    return [el("h3", {}, `Timeline: ${lines.length === 1 ? "one alert" : `${lines.length} alerts`}, newest first`), el("ol", { class: "timeline" }, ...items),
      rest > 0 ? el("button", { type: "button", class: "more", "data-key": "all", onclick: () => { this.all = true; this.show(...this.last); } }, `and ${rest} earlier ones`) : null].filter(Boolean);
  }

  /** The chosen alert in short, what to do about it, and what was done. */
  lead(alert, story, now) {
    const line = lineOf(story, alert);
    return [
      el("p", { class: "headline" }, alert.headline),
      el("p", { class: "note" }, `${alert.detector.replaceAll("_", " ")} · ${STATUS[alert.status]}, revision ${alert.revision} · ${alert.verification === "unverified" ? "unverified: based on one report so far" : "corroborated"} · since ${when(alert.episode_start, now)}`),
      line.word && el("p", { class: "note" }, `${wordOf(line.word)}, ${when(line.word.time, now)}. No further notification until it changes.`),
      ...this.words(alert, line, story), ...this.todo(alert), ...this.done(story),
    ].filter(Boolean);
  }

  alert(alert, story, now) {
    const said = (lineOf(story, alert).said || []).slice().reverse();
    return [
      el("h3", {}, "Why"), facts(alert.why || []),
      el("h3", {}, "What would change it"),
      list((alert.would_change || []).length ? alert.would_change : [isOpen(alert) ? "nothing" : "nothing: it is closed"]),
      ...howToCheck(alert.details || {}, now), ...this.order(alert, now), ...satelliteImages(alert.details || {}, now),
      ...ports(alert.details || {}, now), ...displaced(alert.details || {}, now), ...details(alert.details || {}, now),
      el("h3", {}, "Evidence"), evidence(alert.evidence || [], now),
      ...(said.length > 1 ? [el("h3", {}, "History"), list(historyOf(said, now))] : []),
      el("p", { class: "note" }, "Full record: ", el("code", {}, `wakewatch explain ${alert.id.slice(0, 12)}`)),
    ].filter(Boolean);
  }
}

const lineOf = (story, alert) => story.alerts.find((one) => one.id === alert.id) || { said: [] };

// Newest first, as given; revisions in a row that say the same are one line with the time of the newest.
function historyOf(said, now) {
  const lines = [];
  for (const one of said) {
    const last = lines[lines.length - 1];
    if (last && last.one.headline === one.headline && last.one.status === one.status) last.count += 1;
    else lines.push({ one, count: 1 });
  }
  return lines.map(({ one, count }) => `${when(one.time, now)} ${STATUS[one.status]}: ${one.headline}${count > 1 ? ` (${count} revisions)` : ""}`);
}

const isOpen = (alert) => alert.status === "opened" || alert.status === "updated";
const list = (sentences) => el("ul", { class: "plain" }, ...sentences.map((sentence) => el("li", {}, sentence)));

function motion(position) {
  const sog = position.sog_kn === undefined ? "" : `, ${position.sog_kn} kn`;
  return position.cog_deg === undefined || !position.sog_kn ? sog : `${sog}, course ${String(Math.round(position.cog_deg) % 360).padStart(3, "0")} degrees`;
}

function cell(value, unit, now) {
  if (value === undefined || value === null) return [""];
  if (typeof value === "boolean") return [value ? "yes" : "no"];
  if (typeof value === "number") {
    const said = Number.isInteger(value) && !unit ? String(value) : number(value);
    return unit === "s" && value >= 60 ? [said, el("small", {}, spoken(value * 1000))] : [said];
  }
  return [/^\d{4}-\d\d-\d\dT/.test(value) ? when(value, now) : String(value)];
}

/** The chance of a silence as a sentence. */
function chanceOf(fact) {
  if (!/^chance (of such a silence|that a transmitting vessel is silent this long) within a day/.test(fact.fact) || typeof fact.value !== "number" || !(fact.value > 0)) return null;
  const days = 1 / fact.value;
  const often = days < 1.5 ? "on most days" : days > 10000 ? "on fewer than 1 day in 10,000" : `on 1 day in ${number(days, days < 10 ? 1 : 0)}`;
  return el("small", {}, `a transmitting vessel is silent this long here ${often}`);
}

function facts(why) {
  if (!why.length) return el("p", { class: "note" }, "no numbers");
  const rows = why.map((fact) => el("tr", {}, el("td", {}, fact.fact, fact.source ? el("small", {}, fact.source) : null, chanceOf(fact)),
    el("td", { class: "n" }, ...cell(fact.value, fact.unit)), el("td", { class: "n" }, ...cell(fact.threshold, fact.unit)), el("td", {}, fact.unit || "")));
  const head = el("tr", {}, el("th", { scope: "col" }, "fact"), el("th", { scope: "col", class: "n" }, "value"), el("th", { scope: "col", class: "n" }, "threshold"), el("th", { scope: "col" }, "unit"));
  return el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows));
}

/** `silent_for_s` is `silent for`, in s. */
function termOf(key) {
  const parts = key.split("_"), last = parts[parts.length - 1];
  const unit = parts.length > 1 && UNITS[last];
  return [NAMES[key] || (unit ? parts.slice(0, -1) : parts).join(" "), unit || ""];
}

function valueText(value, unit, now) {
  if (Array.isArray(value)) return value.map((one) => valueText(one, "", now)).join(", ");
  if (value && typeof value === "object") return Object.entries(value).map(([key, one]) => { const [term, its] = termOf(key); return `${term} ${valueText(one, its, now)}`; }).join(", ");
  if (unit === "s" && typeof value === "number" && value >= 60) return `${spoken(value * 1000)} (${number(value)} s)`;
  const [said] = cell(value, unit, now);
  return unit ? `${said} ${unit}` : said;
}

function ports(said, now) {
  const feasible = Array.isArray(said.feasible_ports) ? said.feasible_ports : null;
  if (!feasible) return [];
  if (!feasible.length) return [el("h3", {}, "Ports it could have reached while dark"), el("p", { class: "note" }, "none of the zones")];
  const keys = [...new Set(feasible.flatMap((port) => (port && typeof port === "object" ? Object.keys(port) : [])))];
  const rows = feasible.map((port) => el("tr", {}, ...keys.map((key) => el("td", {}, valueText(port[key] ?? "", termOf(key)[1], now)))));
  return [el("h3", {}, "Ports it could have reached while dark"), el("table", {}, el("thead", {}, el("tr", {}, ...keys.map((key) => el("th", { scope: "col" }, termOf(key)[0])))), el("tbody", {}, ...rows))];
}

/** The vessels of an alert about an area. */
function displaced(said, now) {
  const vessels = Array.isArray(said.vessels) ? said.vessels.filter((one) => one && typeof one === "object") : [];
  if (!vessels.length) return [];
  const at = (lat, lon) => (typeof lat === "number" && typeof lon === "number" ? place({ lat_deg: lat, lon_deg: lon }) : "");
  const rows = vessels.map((one) => el("tr", {}, el("td", {}, valueText(one.name || "", "", now), el("small", {}, [`MMSI ${one.mmsi}`, one.imo && `IMO ${one.imo}`, one.list && `listed: ${one.list}`].filter(Boolean).join(", "))),
    el("td", {}, at(one.from_lat_deg, one.from_lon_deg)), el("td", {}, at(one.lat_deg, one.lon_deg)), el("td", {}, valueText(one.time || "", "", now))));
  const head = el("tr", {}, ...["vessel", "displaced from", "appears at", "at"].map((name) => el("th", { scope: "col" }, name)));
  const total = Number(said.vessels_total) || vessels.length, part = total > vessels.length ? `, ${vessels.length} of them here` : "";
  return [el("h3", {}, `Displaced vessels: ${number(total)}${part}`), el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows))];
}

function details(said, now) {
  const rows = Object.entries(said).filter(([key, value]) => key !== "feasible_ports" && !(key === "imagery" && (passesOf(said).length || (isRecord(value) && Array.isArray(value.passes) && !value.passes.length))) && !(key === "sightings" && sightingsOf(said).length) && !(key === "vessels" && said.vessels_total) && !(Array.isArray(value) && !value.length)).map(([key, value]) => {
    const [term, unit] = termOf(key);
    return el("tr", {}, el("td", {}, term), el("td", {}, valueText(value, unit, now)));
  });
  return rows.length ? [el("h3", {}, "Details"), el("table", {}, el("tbody", {}, ...rows))] : [];
}

function evidence(pieces, now) {
  if (!pieces.length) return el("p", { class: "note" }, "none: this alert is about a silence or a source");
  return el("ul", { class: "plain" }, ...pieces.map((piece) => el("li", {}, `${when(piece.time, now)} ${piece.source} `, el("code", {}, piece.sentence))));
}
