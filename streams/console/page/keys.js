// All of the page by keyboard, and the list of keys. Keys of one letter can be switched off (WCAG 2.1.4).

const KEYS = [
  ["j, k", "next, previous case; arrow keys in the list do the same"], ["Enter", "open the case, press the button"], ["Escape", "close what is open, end what was begun"],
  ["/", "find by name, number or text"], ["f", "filter"], ["g", "to the map: arrow keys move it, + and - zoom, Enter shows the vessel nearest to its middle"], ["0", "show all cases on the map"],
  ["a", "to Acknowledge"], ["n", "write a note"], ["o", "assign the case"], ["x", "false alarm"], ["u", "to Undo"], ["c", "copy a link to the case"],
  ["t", "to the line of time: arrow keys move the moment, space plays"], ["[, ]", "previous, next alert in time"],
  ["h", "hand-over of the watch"], ["?", "this list"],
];

class Keys {
  /** `does`: by key what to do; each gives false if there is nothing to do. */
  constructor(dialog, does, escape) {
    Object.assign(this, { dialog, does: { ...does, "?": () => this.open() }, escape });
    document.addEventListener("keydown", (event) => this.press(event));
    $("help").addEventListener("click", () => this.open());
  }

  get on() { return localStorage.getItem("keys") !== "off"; }

  open() {
    if (this.dialog.open) return true;
    const single = el("input", { type: "checkbox", id: "single-keys" });
    single.checked = this.on;
    single.addEventListener("change", () => localStorage.setItem("keys", single.checked ? "on" : "off"));
    const rows = KEYS.map(([key, words]) => el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, key)), el("td", {}, words)));
    this.dialog.replaceChildren(el("h2", { id: "keys-title" }, "Keys"), el("table", {}, el("tbody", {}, ...rows)),
      el("p", {}, el("label", {}, single, " Keys of one letter are on")),
      el("button", { type: "button", class: "close", onclick: () => this.dialog.close() }, "Close"));
    this.dialog.showModal();
    return true;
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.dialog.open || event.defaultPrevented) return;
    const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (event.key === "Escape") { if (this.escape(event)) event.preventDefault(); return; }
    const work = !typing && (this.on || event.key === "?") && this.does[event.key];
    if (work && work() !== false) event.preventDefault();
  }
}
