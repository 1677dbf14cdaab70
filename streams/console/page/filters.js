// Which cases are shown. The console filters (`/api/alerts?...`); the address and the chips say by what.

const FILTERS = { severity: "Severity", status: "Status", detector: "Detector", list: "List", zone: "Zone", source: "Source", assigned: "Assigned to" };
const FIXED_CHOICES = { severity: ["page", "ticket", "log"], status: ["waiting", "acknowledged", "false_alarm", "open", "closed"] };
const STATUS_WORDS = { waiting: "waiting for an answer", acknowledged: "acknowledged", false_alarm: "false alarm", open: "open", closed: "closed" };

class CaseFilters {
  /** `changed`: to ask again; `me`: gives one's own name; `area`: an AreaPick. */
  constructor({ changed, me, area }) {
    Object.assign(this, { changed, me, area, box: $("filters"), chips: $("chips"), button: $("filter"), choices: {} });
    this.clear();
    this.button.addEventListener("click", () => this.open(this.box.hidden));
    area.onarea = (box) => { this.values.area = new Set(box ? [box.map((side) => side.toFixed(3)).join(",")] : []); this.set(); };
  }

  clear() {
    this.values = Object.fromEntries([...Object.keys(FILTERS), "area"].map((name) => [name, new Set()]));
    Object.assign(this, { mine: false, unassigned: false });
  }

  get active() { return this.mine || this.unassigned || Object.values(this.values).some((held) => held.size); }

  read(said) {
    this.clear();
    for (const name of Object.keys(this.values)) said.getAll(name).forEach((value) => this.values[name].add(value));
    Object.assign(this, { mine: said.get("mine") === "1", unassigned: said.get("unassigned") === "1" });
    this.show();
  }

  /** Into the address. */
  write(said) {
    for (const [name, held] of Object.entries(this.values)) held.forEach((value) => said.append(name, value));
    for (const name of ["mine", "unassigned"]) if (this[name]) said.set(name, "1");
  }

  /** For the console, which does not know who "me" is. */
  query() {
    const said = new URLSearchParams();
    this.write(said);
    said.delete("mine");
    if (this.mine) said.append("assigned", this.me() || "?");
    return said.size ? `&${said}` : "";
  }

  set() {
    this.show();
    this.changed();
  }

  wrong(said) {
    this.clear();
    this.show();
    this.chips.append(el("li", { class: "wrong", role: "alert" }, `The filter of this address cannot be used: ${said}`));
  }

  open(wanted) {
    this.box.hidden = !wanted;
    this.button.setAttribute("aria-expanded", String(wanted));
    if (!wanted) return;
    this.form("severity");
    fetch("/api/choices", { credentials: "same-origin" }).then((answer) => (answer.ok ? answer.json() : {})).then((choices) => { this.choices = choices; this.form(); }, () => {});
  }

  /** The form, with the focus where it was; `first`: where it goes. */
  form(first = null) {
    const active = document.activeElement, focus = first || (this.box.contains(active) ? active.dataset.key : null);
    const selects = Object.entries(FILTERS).map(([name, label]) => this.select(name, label));
    const button = (key, label, work, pressed = null) => el("button", { type: "button", "data-key": key, "aria-pressed": pressed === null ? null : String(pressed), onclick: work }, label);
    this.box.replaceChildren(...selects,
      el("div", { class: "words" },
        button("mine", "Mine", () => { this.mine = !this.mine; this.set(); }, this.mine),
        button("unassigned", "Assigned to no one", () => { this.unassigned = !this.unassigned; this.set(); }, this.unassigned),
        button("draw", "Draw an area", () => this.area.start()),
        button("view", "Area of the map", () => this.area.take()),
        button("clear", "Clear", () => { this.clear(); this.area.show(null); this.set(); })));
    const fields = [...this.box.querySelectorAll("[data-key]")], at = fields.findIndex((one) => one.dataset.key === focus);
    const again = at < 0 ? null : fields.slice(at).find((one) => !one.disabled); // nothing more to choose: the next one
    if (again) again.focus();
  }

  /** Choosing changes the list and nothing else: typing goes on in the field, whatever the first letter found. */
  select(name, label) {
    const held = [...this.values[name]], offered = [...new Set([...held, ...(FIXED_CHOICES[name] || this.choices[name] || [])])];
    const several = held.length > 1 ? el("option", { value: "*", selected: true }, `${label}: several`) : null;
    const made = el("select", { "data-key": name, "aria-label": label, disabled: offered.length ? null : true }, el("option", { value: "" }, `${label}: any`), several,
      ...offered.map((value) => el("option", { value, selected: held.length === 1 && held[0] === value }, this.words(name, value))));
    made.addEventListener("change", () => {
      if (made.value !== "*") this.values[name] = new Set(made.value ? [made.value] : []);
      this.chip();
      this.changed();
    });
    return made;
  }

  words(name, value) {
    if (name === "status") return STATUS_WORDS[value] || value;
    return name === "detector" ? value.replaceAll("_", " ") : value;
  }

  /** The chips, and the form if it is open. */
  show() {
    this.chip();
    if (!this.box.hidden) this.form();
  }

  chip() {
    const chip = (label, work) => el("li", {}, el("button", { type: "button", "aria-label": `Remove the filter ${label}`, onclick: () => { work(); this.set(); (this.chips.querySelector("button") || this.button).focus(); } }, label, el("span", { "aria-hidden": "true" }, " ✕")));
    const chips = Object.entries(FILTERS).flatMap(([name, label]) => [...this.values[name]].map((value) => chip(`${label.toLowerCase()}: ${this.words(name, value)}`, () => this.values[name].delete(value))));
    if (this.mine) chips.push(chip(this.me() ? `mine (${this.me()})` : "mine: enter your name in a case first", () => { this.mine = false; }));
    if (this.unassigned) chips.push(chip("assigned to no one", () => { this.unassigned = false; }));
    const [area] = this.values.area;
    if (area) chips.push(chip("area on the map", () => { this.values.area.clear(); this.area.show(null); }));
    this.area.show(area ? area.split(",").map(Number) : null);
    this.chips.replaceChildren(...chips);
    this.button.classList.toggle("on", this.active);
  }
}
