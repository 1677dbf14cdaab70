// The hand-over of a watch as a page to read, copy and print. It is what `wakewatch alerts handover` prints.

const WATCHES = ["4h", "8h", "12h", "24h"];

class HandoverSheet {
  constructor(dialog, chosen) {
    Object.assign(this, { dialog, chosen, since: "8h", text: "" });
    dialog.addEventListener("close", () => document.body.classList.remove("printing"));
    $("handover-open").addEventListener("click", () => this.open());
  }

  open(since = this.since) {
    this.since = WATCHES.includes(since) ? since : "8h";
    document.body.classList.add("printing");
    if (!this.dialog.open) this.dialog.showModal();
    this.frame([el("p", {}, "Reading the topics…")]);
    this.load(this.since);
    return true;
  }

  async load(since) {
    try {
      const made = await ask(`/api/handover?since=${since}`), text = await fetch(`/api/handover?since=${since}&format=text`);
      if (since !== this.since) return;
      this.text = await text.text();
      this.frame(this.parts(made));
    } catch (error) { this.frame([el("p", { role: "alert" }, `It cannot be shown: ${error.message}`)]); }
  }

  /** Head and buttons around the parts; the focus stays on the button that has it. */
  frame(parts) {
    const focus = this.dialog.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const watch = el("select", { "data-key": "watch", "aria-label": "Length of the watch" }, ...WATCHES.map((one) => el("option", { value: one, selected: one === this.since }, `the last ${parseInt(one, 10)} hours`)));
    watch.addEventListener("change", () => this.open(watch.value));
    const button = (key, label, work) => el("button", { type: "button", "data-key": key, onclick: work }, label);
    this.dialog.replaceChildren(el("h2", { id: "handover-title" }, "Hand-over of the watch"),
      el("div", { class: "words no-print" }, watch, button("print", "Print", () => window.print()), button("copy", "Copy as text", () => this.copy()), button("close", "Close", () => this.dialog.close())),
      el("p", { class: "note outcome", role: "status", id: "handover-said" }), ...parts);
    const again = [...this.dialog.querySelectorAll("[data-key]")].find((one) => one.dataset.key === focus);
    if (again) again.focus();
  }

  async copy() {
    try { await navigator.clipboard.writeText(this.text); $("handover-said").textContent = "Copied."; } catch { $("handover-said").textContent = "Not copied: the browser does not allow it."; }
  }

  parts(made) {
    const now = made.until, group = (title, name, lines) => [el("h3", {}, `${title} (${lines.length + (made.more[name] || 0)})`),
      lines.length ? el("ul", { class: "plain" }, ...lines) : el("p", { class: "note" }, "none"),
      made.more[name] ? el("p", { class: "note" }, `${number(made.more[name])} of them not listed`) : null];
    return [el("p", {}, `${when(made.since, now)} to ${when(made.until, now)}`),
      ...group("Waiting for an answer", "waiting", made.waiting.map((one) => this.caseLine(one, now))),
      ...group("In hand", "in_hand", made.in_hand.map((one) => this.caseLine(one, now))),
      ...group("Opened", "opened", made.opened.map((one) => this.alertLine(one, now))),
      ...group("Changed", "changed", made.changed.map((one) => this.alertLine(one, now))),
      made.for_the_record ? el("p", { class: "note" }, `and ${number(made.for_the_record)} opened for the record`) : null,
      ...group("Who did what", "actions", made.actions.map((one) => el("li", {}, el("span", { class: "when" }, `${when(one.time, now)} `), `${one.words}: ${one.who || one.case_id}`, one.note ? el("q", {}, one.note) : null))),
      made.unreadable ? el("p", { class: "note" }, `${number(made.unreadable)} records of the topics could not be read.`) : null,
      el("p", { class: "note" }, "Times of alerts are event times, those of people the wall clock; UTC. A lead to check, not a finding.")].filter(Boolean);
  }

  /** The headline leads to the case. */
  link(one) {
    return el("button", { type: "button", class: "link", onclick: () => { this.dialog.close(); this.chosen(one.case_id, one.alert_id); } }, el("span", { class: `${one.severity}-text` }, `${MARKS[one.severity]} ${one.severity} `), one.headline);
  }

  caseLine(one, now) {
    const said = [`since ${when(one.since, now)}`, one.open > 1 && `${one.open} open alerts`, one.assigned ? `assigned to ${one.assigned}` : "assigned to no one", one.decision, one.replayed && "recording"].filter(Boolean).join("; ");
    return el("li", {}, this.link(one), el("span", { class: "note" }, said), one.note ? el("q", {}, `${one.note_by}: ${one.note}`) : null);
  }

  alertLine(one, now) {
    return el("li", {}, el("span", { class: "when" }, `${when(one.time, now)} ${STATUS[one.status]} `), this.link(one));
  }
}
