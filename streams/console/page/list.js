// The list: page, ticket, log, then what closed in the last day. One case is one button; arrow keys go through them.

class CaseList {
  constructor(box, chosen, pointed) {
    this.box = box;
    this.chosen = chosen;
    this.pointed = pointed;
    this.rows = new Map();
    box.addEventListener("keydown", (event) => this.key(event));
  }

  show(overview, { words, selected, fresh, log }) {
    const wanted = found(overview, words);
    const focus = this.box.contains(document.activeElement) ? document.activeElement.dataset.case : null;
    this.rows.clear();
    const groups = [["page", "Page"], ["ticket", "Ticket"], ["log", "Log: for the record"]].map(([severity, title]) => {
      const cases = wanted.filter((one) => one.open && one.severity === severity);
      return this.group(cases, words || partial(overview) ? `${title} (${cases.length})` : `${title} (${overview.open[severity]})`, overview, { selected, fresh, mixed: overview.clock.live });
    });
    const closed = wanted.filter((one) => !one.open);
    groups.push(this.group(closed, `${overview.known === "now" ? "Ended since" : "Closed in the last day"} (${closed.length})`, overview, { selected, fresh, mixed: overview.clock.live }));
    this.box.replaceChildren(...this.hidden(overview), ...groups.filter(Boolean), ...this.rest(overview, wanted, words, log));
    if (focus && this.rows.has(focus)) this.rows.get(focus).focus({ preventScroll: true });
  }

  rest(overview, wanted, words, log) {
    const said = [];
    if (!wanted.some((one) => one.open)) said.push(el("p", { class: "empty" }, this.nothing(overview, words, log)));
    if (overview.more) said.push(el("p", { class: "rest" }, overview.found ? `and ${number(overview.more)} more matches: enter more text` : `and ${number(overview.more)} more not shown: find them by name or number; \`wakewatch alerts --state\` lists all`));
    if (overview.left_out) said.push(el("p", { class: "rest" }, `${number(overview.left_out)} older open alerts do not fit on this page`));
    if (overview.unreadable) said.push(el("p", { class: "rest" }, `${number(overview.unreadable)} records of the alert topics could not be read`));
    return said;
  }

  /** What a filter or a search leaves out is never out of mind. */
  hidden(overview) {
    const counts = ["page", "ticket"].filter((severity) => (overview.hidden || {})[severity]).map((severity) => `${number(overview.hidden[severity])} ${severity}${overview.hidden[severity] > 1 ? "s" : ""}`);
    return counts.length ? [el("p", { class: "rest left-out" }, `Not shown: ${counts.join(" and ")}`)] : [];
  }

  nothing(overview, words, log) {
    if (!words && partial(overview)) return "No open case matches the filter.";
    if (words) return (overview.found || "") === words ? "No open case matches." : "Searching all open cases…";
    if (overview.state === "loading") return "Loading alerts…";
    return !log && overview.open.log ? `No page, no ticket. ${number(overview.open.log)} open for the record (select Log).` : "No open case.";
  }

  group(cases, title, overview, marks) {
    if (!cases.length) return null;
    const items = cases.map((one) => el("li", {}, this.row(one, nowOf(one, overview.clock), marks)));
    return el("section", { "aria-label": title }, el("h2", {}, title), el("ul", {}, ...items));
  }

  row(one, now, { selected, fresh, mixed }) {
    const row = el("button", {
      type: "button", class: `case ${one.open ? one.severity : "closed"}`, "data-case": one.case_id,
      "aria-current": one.case_id === selected ? "true" : null, onclick: () => this.chosen(one.case_id),
    },
      el("i", { class: "mark", "aria-hidden": "true" }, MARKS[one.severity]),
      el("span", {},
        el("span", { class: "who" }, nameOf(one), el("span", { class: "ids" }, idsOf(one)), ...tags(one, fresh, Boolean(mixed))), el("br"),
        el("span", { class: "what" }, asOfNow(shorter(one), one, now)), el("br"),
        el("span", { class: "when" }, timesOf(one, now))));
    row.addEventListener("pointerenter", () => this.pointed(one.case_id));
    row.addEventListener("pointerleave", () => this.pointed(null));
    row.addEventListener("focus", () => this.pointed(one.case_id));
    this.rows.set(one.case_id, row);
    return row;
  }

  mark(caseId) {
    for (const [id, row] of this.rows) row.classList.toggle("over", id === caseId);
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.step(step)) event.preventDefault();
  }

  /** The focus to the next row, or the one before: from the focused one, or else the chosen one. */
  step(by) {
    const rows = [...this.rows.values()], focused = rows.indexOf(document.activeElement);
    const at = focused >= 0 ? focused : rows.findIndex((row) => row.getAttribute("aria-current") === "true");
    const next = rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + by))];
    if (next) next.focus();
    return Boolean(next);
  }
}

/** `mixed`: live sources and recordings are on the page, so that each recording must say that it is one. */
function tags(one, fresh, mixed) {
  const said = [["over", "CLOSED", !one.open], ["new", "NEW", fresh.has(one.case_id)], ["unverified", "UNVERIFIED", one.verification === "unverified"], ["recording", "RECORDING", one.replayed && mixed], ["heard", one.word ? wordOf(one.word) : "", Boolean(one.word)], ["new", `${one.waiting} waiting`, Boolean(one.word && one.waiting)], ["heard", `for ${one.assigned}`, Boolean(one.assigned)]];
  return said.filter(([, , holds]) => holds).map(([kind, word]) => el("span", { class: `tag ${kind}` }, word));
}

/** Whether a search or a filter leaves cases out. */
const partial = (overview) => "page" in (overview.hidden || {});

/** The headline without the name and number that stand above it. */
function shorter(one, headline = one.headline) {
  let text = inert(headline);
  const whole = text;
  for (const start of [nameOf(one), one.vessel && one.vessel.imo ? `(IMO ${one.vessel.imo})` : "", one.vessel && one.vessel.imo ? `IMO${one.vessel.imo}` : ""]) {
    if (start && text.startsWith(start)) text = text.slice(start.length).trimStart();
  }
  return text || whole;
}

function timesOf(one, now) {
  const count = one.open > 1 ? `${one.open} open alerts · ` : "";
  const lasted = now ? ` (${spoken(sinceMs(one.since, now))})` : "";
  if (!one.open) return `closed ${today(one.time, now)}`;
  return `case open since ${today(one.since, now)}${lasted} · revised ${today(one.time, now)} · ${count}${one.mmsi ? one.verification : isArea(one) ? "an area" : "no vessel"}`;
}

/** The cases to show: the console's answer to these words, or until it is there those that the page has. */
function found(overview, words) {
  return (overview.found || "") === words ? overview.cases : overview.cases.filter((one) => matches(one, words));
}

function matches(one, words) {
  const text = [one.case_id, nameOf(one), idsOf(one), one.mmsi || "", one.headline, ...one.detectors].join(" ").toUpperCase();
  return words.toUpperCase().split(/\s+/).every((word) => text.includes(word));
}
