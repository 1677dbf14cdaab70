// Ships and areas of one's own: what is in force and who added it; forms for those who may change it (role admin).

const CORNER = /^\s*(\d{1,2}(?:\.\d+)?)(?:[-°\s](\d{1,2}(?:\.\d+)?)')?(?:-(\d{1,2}(?:\.\d+)?))?\s*([NS])[\s,]+(\d{1,3}(?:\.\d+)?)(?:[-°\s](\d{1,2}(?:\.\d+)?)')?(?:-(\d{1,2}(?:\.\d+)?))?\s*([EW])\s*$/i;
const DEGREES = /^\s*(-?\d{1,2}(?:\.\d+)?)[\s,]+(-?\d{1,3}(?:\.\d+)?)\s*$/;

/** A corner as [lon, lat] from `34-36.0N 129-30.0E`, or from degrees, latitude first; null if it is neither. */
function cornerOf(line) {
  const plain = DEGREES.exec(line), named = CORNER.exec(line);
  if (plain) return [Number(plain[2]), Number(plain[1])];
  if (!named) return null;
  const side = (degrees, a, b, name) => (Number(degrees) + Number(a || b || 0) / 60) * (/[SW]/i.test(name) ? -1 : 1);
  return [side(...named.slice(5, 9)), side(...named.slice(1, 5))];
}

class OwnLists {
  /** `area`: the AreaPick, whose box can be taken and whose map gives places. */
  constructor(box, area) {
    Object.assign(this, { box, area, me: { role: "none" }, data: { ships: [], zones: [], changes: [] }, said: "", busy: false });
    this.draft = { by: localStorage.getItem("by") || "", name: "", corners: "", kind: "watched", severity: "", note: "" };
  }

  get may() { return this.me.role === "admin"; }

  async load() {
    const found = await ask("/api/own");
    if (found) this.data = found;
    this.render();
  }

  render() {
    const { ships, zones, changes } = this.data, open = this.box.open, focused = this.box.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this.box.hidden = !this.may && !ships.length && !zones.length;
    const added = (one) => `added by ${one.added_by}, ${when(one.added_at)}${one.note ? `: ${one.note}` : ""}`;
    const entry = (key, title, one, remove) => el("li", {}, el("bdi", {}, title), " ", el("small", {}, added(one)), this.may ? el("button", { type: "button", "data-key": key, disabled: this.busy, onclick: remove }, "Remove", el("span", { class: "hidden" }, ` ${title}`)) : null);
    this.box.replaceChildren(el("summary", { "data-key": "own" }, `Own ships and areas (${ships.length + zones.length})`),
      el("h3", {}, "Ships"), ships.length ? el("ul", { class: "plain" }, ...ships.map((one) => entry(`ship-${one.entry_id}`, `${one.name} ${numbersOf(one)}`, one, () => this.send("ships/remove", { imo: one.imo, mmsi: one.imo ? undefined : one.mmsi })))) : el("p", { class: "note" }, this.may ? "None. \"Watch this ship\" in a case adds its ship." : "None."),
      el("h3", {}, "Areas"), zones.length ? el("ul", { class: "plain" }, ...zones.map((one) => entry(`area-${one.name}`, `${one.name} (${one.kind})`, one, () => this.send("zones/remove", { name: one.name })))) : el("p", { class: "note" }, "None."),
      ...(this.may ? this.form() : []),
      el("p", { class: "note", role: "status" }, this.said),
      ...(changes.length ? [el("h3", {}, "Last changes"), list(changes.slice(0, 10).map((one) => `${when(one.at)} by ${one.by}: ${one.said}`))] : []));
    this.box.open = open;
    const again = focused && [...this.box.querySelectorAll("[data-key]")].find((made) => made.dataset.key === focused);
    if (again) again.focus({ preventScroll: true });
  }

  form() {
    const field = (tag, name, label, attributes = {}) => {
      const made = el(tag, { "data-key": `own-${name}`, autocomplete: "off", ...attributes });
      made.value = this.draft[name];
      made.addEventListener("input", () => { this.draft[name] = made.value; });
      return el("label", {}, el("span", {}, label), made);
    };
    const choice = (name, label, options) => {
      const made = el("select", { "data-key": `own-${name}` }, ...options.map(([value, words]) => el("option", { value, selected: this.draft[name] === value }, words)));
      made.addEventListener("change", () => { this.draft[name] = made.value; });
      return el("label", {}, el("span", {}, label), made);
    };
    const button = (key, label, onclick) => el("button", { type: "button", "data-key": key, disabled: this.busy, onclick }, label);
    return [el("h3", {}, "Watch an area"), el("div", { class: "own-form" },
      this.me.by ? null : field("input", "by", "Added by (name)", { type: "text", maxlength: 100 }),
      field("input", "name", "Name of the area", { type: "text", maxlength: 200 }),
      field("textarea", "corners", "Corners, one a line: 34-36.0N 129-30.0E, or degrees", { rows: 4, spellcheck: "false" }),
      button("own-draw", "Draw on the map", () => this.draw()), button("own-view", "The drawn filter, or what the map shows", () => this.takeBox()),
      choice("kind", "Reported inside", [["watched", "every vessel"], ["associated", "listed vessels only"]]),
      choice("severity", "Urgency of its alerts", [["", "as in the settings"], ["page", "page"], ["ticket", "ticket"], ["log", "log"]]),
      field("input", "note", "Why it is watched", { type: "text", maxlength: 1000 }),
      button("own-add", "Watch this area", () => this.addArea()))];
  }

  addArea() {
    const lines = this.draft.corners.split("\n").filter((line) => line.trim()), ring = lines.map(cornerOf), wrong = ring.indexOf(null);
    if (wrong >= 0) return this.tell(`Corner ${wrong + 1} is not a position: ${lines[wrong].slice(0, 40)}`);
    if (ring.length < 3) return this.tell("An area needs three corners or more.");
    const { name, kind, severity, note } = this.draft;
    return this.send("zones", { name, ring, kind, severity: severity || undefined, note }).then((done) => { if (done) { Object.assign(this.draft, { name: "", corners: "", note: "" }); this.render(); } });
  }

  addShip(ship, note) {
    return this.send("ships", { ...ship, note });
  }

  tell(said) {
    this.said = said;
    this.render();
    return false;
  }

  /** Sends a change and waits until it is in force; returns whether it is. */
  async send(path, body) {
    const by = this.me.by ? undefined : this.draft.by.trim() || myName(this.me);
    if (by) localStorage.setItem("by", by);
    this.busy = true;
    this.tell("Saving; in force in some seconds…");
    try {
      const answer = await fetch(`/api/own/${path}`, { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...body, by }) });
      const text = (await answer.text()).trim();
      this.busy = false;
      this.tell(answer.ok ? `In force: ${JSON.parse(text).said}.` : `Not changed: ${text}.`);
      return answer.ok;
    } catch (error) {
      this.busy = false;
      return this.tell(`Not known whether it was changed: ${error.message}.`);
    }
  }

  placeAt(x, y) { return this.area.map.placeAt(x, y); }

  take(places) {
    const turn = (lon) => ((((lon + 180) % 360) + 360) % 360) - 180;
    this.draft.corners = places.map(([lon, lat]) => `${lat.toFixed(4)} ${turn(lon).toFixed(4)}`).join("\n");
    this.box.open = true;
    this.tell(`${places.length} corners taken from the map.`);
  }

  /** The box that is drawn as a filter, otherwise what the map shows. */
  takeBox() {
    const { clientWidth: width, clientHeight: height } = $("map"), [west, south, east, north] = this.area.box || [];
    if (this.area.box) this.take([[west, south], [east, south], [east, north], [west, north]]);
    else this.take([[0, 0], [width, 0], [width, height], [0, height]].map(([x, y]) => this.placeAt(x, y)));
  }

  /** Corners by clicks on a sheet over the map; Enter or "Done" ends it, Escape leaves it. */
  draw() {
    const points = [], made = (name, attributes) => { const one = document.createElementNS("http://www.w3.org/2000/svg", name); Object.entries(attributes).forEach(([key, value]) => one.setAttribute(key, value)); return one; };
    const line = made("polygon", { points: "", class: "own-line" }), svg = made("svg", { "aria-hidden": "true" });
    svg.append(line);
    const end = (taken) => { sheet.remove(); if (taken && points.length > 2) this.take(points.map(([x, y]) => this.placeAt(x, y))); else if (taken) this.tell("An area needs three corners or more."); this.box.querySelector("[data-key=own-draw]").focus(); };
    const bar = el("p", {}, "Click the corners. ", el("button", { type: "button", onclick: () => end(true) }, "Done"), " ", el("button", { type: "button", onclick: () => end(false) }, "Leave"));
    const sheet = el("div", { class: "own-sheet", tabindex: "-1", "aria-label": "Draw an area; corners can also be typed" }, svg, bar);
    svg.addEventListener("click", (event) => { points.push([event.offsetX, event.offsetY]); line.setAttribute("points", points.map((one) => one.join(",")).join(" ")); });
    sheet.addEventListener("keydown", (event) => { if (event.key === "Escape" || (event.key === "Enter" && event.target === sheet)) { event.stopPropagation(); end(event.key === "Enter"); } });
    $("map").parentElement.append(sheet);
    sheet.focus();
  }
}

const numbersOf = (one) => [one.imo && `IMO ${one.imo}`, one.mmsi && `MMSI ${one.mmsi}`].filter(Boolean).join(", ");

/** In a case: whether its ship is on the own list, and a button that adds it. */
Detail.prototype.watchShip = function watchShip(one) {
  const lists = this.own, vessel = one.vessel || {};
  if (!lists || !one.mmsi) return [];
  const known = lists.data.ships.find((ship) => (vessel.imo && ship.imo === vessel.imo) || ship.mmsi === one.mmsi);
  if (known) return [el("p", { class: "note" }, `On the own list: added by ${known.added_by}, ${when(known.added_at)}${known.note ? `: ${known.note}` : ""}.`)];
  if (!lists.may) return [];
  const ship = { imo: vessel.imo || undefined, mmsi: one.mmsi, name: vessel.name || "" };
  return [el("div", { class: "words" }, el("button", { type: "button", "data-key": "watch-ship", disabled: lists.busy, onclick: async () => {
    const draft = this.writing[now.alert && now.alert.id] || {};
    if (draft.by && draft.by.trim()) lists.draft.by = draft.by;
    if (!lists.draft.by.trim() && !myName(lists.me)) lists.said = "Enter your name first.";
    else await lists.addShip(ship, draft.note || "");
    if (this.last && this.caseId === this.last[0].case.case_id) this.show(...this.last);
  } }, "Watch this ship"), lists.said && el("span", { class: "note", role: "status" }, lists.said))];
};
