// What a person does about a case: acknowledge, note, assign, call it false, undo. Each is a record with its author.

const REASONS = { reception: "receiver or its range", at_rest: "moored or at anchor", identity: "wrong vessel or shared number", bad_data: "damaged or late data", explained: "known reason", not_of_interest: "true, but not of interest", other: "another reason" };
const ACTIONS = { acknowledged: "acknowledged", false_alarm: "false alarm", withdrawn: "decision withdrawn", note: "note", assigned: "assigned" };

/** What a person decided about an alert: `acknowledged by Kim`. */
function wordOf(word) {
  return `${ACTIONS[word.kind] || word.kind} by ${word.by}${word.reason ? ` (${REASONS[word.reason] || word.reason})` : ""}`;
}

/** One action in the log of a case. */
function actionWords(one) {
  if (one.kind === "assigned") return `${one.to ? `assigned to ${one.to}` : "unassigned"} by ${one.by}`;
  return wordOf(one);
}

/** The name under which this browser writes: the proxy's, or the one that was typed last. */
const myName = (me) => me.by || localStorage.getItem("by") || "";

Detail.prototype.words = function words(alert, line, story) {
  if (!this.past && !this.me.may && !this.me.role) return []; // not known yet
  if (this.past || !this.me.may) return this.readOnly(alert, this.past ? IN_THE_PAST : this.me.why || "your role is to read");
  const draft = this.draftOf(alert), word = line.word, assigned = story.case.assigned || "";
  const me = myName(this.me);
  const decide = word ? [this.act(alert, "withdrawn", `Undo "${wordOf(word)}"`, "second")]
    : [this.act(alert, "acknowledged", "Acknowledge", "primary"), this.opener(alert, "false_alarm", "False alarm…")];
  return [el("div", { class: `work${draft.more ? " more-open" : ""}`, role: "group", "aria-label": "Work on this case" },
    el("div", { class: "words fields" }, this.me.by ? el("span", { class: "note" }, `as ${this.me.by}`) : this.field(alert, "by", "Your name", 100), this.field(alert, "note", "Note for the next watch", 1000)),
    el("div", { class: "words acts" }, decide[0], this.act(alert, "note", "Add note", "second"),
      this.toggle(alert, "more", "More", "more-acts"),
      ...decide.slice(1),
      me && assigned !== me ? this.act(alert, "assigned", "Assign to me", "second", () => ({ to: myName(this.me) || draft.by.trim() })) : null,
      this.opener(alert, "assigned", "Assign…"),
      this.linkButton(alert)),
    ...this.asked(alert, draft, assigned),
    el("p", { class: "note outcome", role: "status" }, draft.said))];
};

/** Nothing is recorded at an earlier moment, or by a reader, but it can be shown to others. */
Detail.prototype.readOnly = function readOnly(alert, why) {
  return [el("p", { class: "note" }, `Nothing can be recorded here: ${why}.`), el("div", { class: "words acts" }, this.linkButton(alert)),
    el("p", { class: "note outcome", role: "status" }, this.draftOf(alert).said)];
};

Detail.prototype.linkButton = function linkButton(alert) {
  return el("button", { type: "button", class: "second", "data-key": `link-${alert.id}`, "data-act": "link", onclick: () => this.copyLink(alert) }, "Copy link");
};

Detail.prototype.draftOf = function draftOf(alert) {
  const draft = this.writing[alert.id] ||= { by: "", note: "", to: "", reason: "", said: "", form: "", more: false };
  if (!draft.named) draft.by = myName(this.me);
  return draft;
};

Detail.prototype.again = function again() {
  if (this.last) this.show(...this.last);
};

Detail.prototype.field = function field(alert, name, label, most, list = null) {
  const draft = this.draftOf(alert);
  const input = el("input", { type: "text", maxlength: most, "data-key": `${name}-${alert.id}`, "data-field": name, placeholder: label, "aria-label": label, autocomplete: "off", list });
  input.value = draft[name];
  input.addEventListener("input", () => { draft[name] = input.value; if (name === "by") draft.named = true; });
  return input;
};

/** A button that records an action at once; `more` gives what belongs to it. */
Detail.prototype.act = function act(alert, kind, label, rank, more = () => ({})) {
  return el("button", { type: "button", class: rank, "data-key": `${kind}-${label.slice(0, 9)}-${alert.id}`, "data-kind": kind, onclick: () => this.record(alert, kind, more()) }, label);
};

/** A button that opens the form of an action. */
Detail.prototype.opener = function opener(alert, form, label) {
  const draft = this.draftOf(alert), open = draft.form === form;
  return el("button", { type: "button", class: "second", "data-key": `open-${form}-${alert.id}`, "data-open": form, "aria-expanded": String(open), onclick: () => this.openForm(alert, open ? "" : form) }, label);
};

Detail.prototype.openForm = function openForm(alert, form) {
  Object.assign(this.draftOf(alert), { form, said: "", more: true });
  this.again();
  if (form === "assigned") this.people();
  const first = form && this.box.querySelector(".asked select, .asked input");
  if (first) first.focus();
};

/** Who may be meant: all who work on a case now. */
Detail.prototype.people = async function people() {
  const choices = await ask("/api/choices").catch(() => null);
  const names = new Set([myName(this.me), ...((choices && choices.assigned) || [])].filter(Boolean));
  $("people").replaceChildren(...[...names].map((name) => el("option", { value: name })));
};

/** Ends a form that is open; false if none is. */
Detail.prototype.endForm = function endForm(alert) {
  const draft = this.draftOf(alert);
  if (!draft.form) return false;
  this.openForm(alert, "");
  const opener = this.box.querySelector(".work .acts button");
  if (opener) opener.focus();
  return true;
};

Detail.prototype.toggle = function toggle(alert, name, label, kind) {
  const draft = this.draftOf(alert);
  return el("button", { type: "button", class: kind, "data-key": `${name}-${alert.id}`, "aria-expanded": String(draft[name]), onclick: () => { draft[name] = !draft[name]; this.again(); } }, label);
};

/** The open form: a reason, or a person. */
Detail.prototype.asked = function asked(alert, draft, assigned) {
  const cancel = el("button", { type: "button", class: "second", "data-key": `cancel-${alert.id}`, onclick: () => { this.openForm(alert, ""); this.focusOn("acknowledged"); } }, "Cancel");
  if (draft.form === "false_alarm") {
    const reason = el("select", { "data-key": `reason-${alert.id}`, "aria-label": "Why it is false" }, el("option", { value: "" }, "Why is it false?"),
      ...Object.entries(REASONS).map(([value, words]) => el("option", { value, selected: draft.reason === value }, words)));
    reason.addEventListener("change", () => { draft.reason = reason.value; });
    const save = el("button", { type: "button", class: "primary", "data-key": `save-false-${alert.id}`, "data-kind": "false_alarm", onclick: () => this.record(alert, "false_alarm", { reason: draft.reason }) }, "Record false alarm");
    return [el("div", { class: "words asked" }, reason, save, cancel)];
  }
  if (draft.form !== "assigned") return [];
  const give = () => ({ to: draft.to.trim() });
  const save = el("button", { type: "button", class: "primary", "data-key": `save-to-${alert.id}`, "data-save": "assigned", onclick: () => (draft.to.trim() ? this.record(alert, "assigned", give()) : this.tell(draft, "Enter a person.")) }, "Assign");
  const none = assigned ? el("button", { type: "button", class: "second", "data-key": `no-one-${alert.id}`, "data-save": "nobody", onclick: () => this.record(alert, "assigned", { to: "" }) }, `Take from ${assigned}`) : null;
  return [el("div", { class: "words asked" }, this.field(alert, "to", "Person", 100, "people"), save, none, cancel)];
};

Detail.prototype.tell = function tell(draft, said) {
  draft.said = said;
  this.again();
};

Detail.prototype.record = async function record(alert, kind, more) {
  const draft = this.draftOf(alert), by = draft.by.trim(), note = draft.note.trim();
  if (!by) { this.tell(draft, "Enter your name first."); this.focusOn("by"); return; }
  if (kind === "note" && !note) { this.tell(draft, "Write a note first."); this.focusOn("note"); return; }
  if (kind === "false_alarm" && !more.reason) { this.tell(draft, "Choose a reason."); return; }
  if (!this.me.by) localStorage.setItem("by", by);
  this.tell(draft, "Saving…");
  try {
    await this.say(alert.id, { kind, by, note, ...more });
    Object.assign(draft, { said: "Saved.", note: "", form: "", reason: "", to: "" });
  } catch (error) { draft.said = `Not saved: ${error.message}`; }
  if (this.last && this.caseId === this.last[0].case.case_id) this.again();
};

/** Moves the focus to a field or button of the case's form; false if it is not there. */
Detail.prototype.focusOn = function focusOn(name) {
  const found = this.box.querySelector(`.work [data-field="${name}"], .work [data-kind="${name}"], .work [data-open="${name}"]`);
  if (found) found.focus();
  return Boolean(found);
};

Detail.prototype.copyLink = async function copyLink(alert) {
  const draft = this.draftOf(alert), link = this.link();
  try { await navigator.clipboard.writeText(link); draft.said = "Link copied."; } catch { draft.said = `Not copied: the link is ${link}`; }
  this.again();
};

/** What was done about the case, newest first. */
Detail.prototype.done = function done(story) {
  const actions = story.actions || [];
  if (!actions.length) return [];
  const items = actions.map((one) => el("li", {}, el("span", { class: "when" }, `${when(one.time, new Date().toISOString())} `), actionWords(one), one.note ? el("q", {}, one.note) : null));
  return [el("h3", {}, `What was done (${actions.length})`), el("ol", { class: "plain actions" }, ...items)];
};
