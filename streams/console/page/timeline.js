// The line of time below the map: the moment, the alerts as marks, and the buttons. It only shows; moment.js decides.

const SPEEDS = [1, 10, 60, 600], FAST_STEPS = 10;
const IN_THE_PAST = "this is the view of an earlier moment; go back to live first";

class Timeline {
  /** `chosen`: opens a case; `counts`: the words for open cases. */
  constructor(box, moment, { chosen, counts }) {
    Object.assign(this, { box, moment, chosen, counts });
    this.build();
    this.open(false);
    this.listen();
    this.show();
  }

  build() {
    const button = (id, label, mark, work, title = label) => el("button", { type: "button", id, "aria-label": label, title, onclick: work }, mark);
    const option = (value, words, selected) => el("option", { value, selected }, words);
    this.state = el("p", { class: "time-state", id: "time-state" });
    this.told = el("p", { class: "hidden", role: "status", id: "time-told" });
    this.news = el("p", { class: "time-news", id: "time-news", role: "alert", hidden: true });
    this.before = button("time-before", "Previous alert", "|◀", () => this.jump(-1));
    this.playing = button("time-play", "Play", "▶", () => this.toggle());
    this.after = button("time-after", "Next alert", "▶|", () => this.jump(1));
    this.speed = el("select", { id: "time-speed", "aria-label": "Speed" }, ...SPEEDS.map((speed) => option(speed, `${speed}×`, speed === this.moment.speed)));
    this.window = el("select", { id: "time-window", "aria-label": "Length of the line" }, ...WINDOWS.map((one, at) => option(at, one.name, one === this.moment.window)));
    this.known = el("select", { id: "time-known", "aria-label": "Show" }, option("then", "what was known then"), option("now", "what we know now"));
    this.live = button("time-live", "Back to live", "Live", () => { this.moment.live(); this.say(); });
    this.slider = el("input", { type: "range", id: "time-slider", "aria-label": "Moment", step: 1000 });
    this.marks = el("div", { class: "time-marks", "aria-hidden": "true" });
    this.ends = [el("span", {}), el("span", {})];
    this.opener = button("time-open", "Earlier moments", "Earlier", () => this.open(!this.box.classList.contains("open")));
    this.box.append(
      el("div", { class: "time-head" }, this.state, this.opener, this.news),
      el("div", { class: "time-tools", role: "group", "aria-label": "Time controls" }, this.before, this.playing, this.after, this.speed, this.known, this.window, this.live),
      el("div", { class: "time-line" }, this.marks, this.slider, el("p", { class: "time-ends" }, ...this.ends)), this.told);
  }

  /** On a narrow page the buttons and the line take room only when they are wanted. */
  open(wanted) {
    this.box.classList.toggle("open", wanted);
    this.opener.setAttribute("aria-expanded", String(wanted));
  }

  listen() {
    const { moment } = this;
    this.slider.addEventListener("input", () => moment.go(this.sliderMs()));
    this.speed.addEventListener("change", () => { moment.speed = Number(this.speed.value); if (moment.playing) moment.play(); });
    this.window.addEventListener("change", () => { moment.window = WINDOWS[Number(this.window.value)]; this.show(); moment.remark(true).catch(() => {}); });
    this.known.addEventListener("change", () => { moment.look(this.known.value); this.say(); });
    this.slider.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("keydown", (event) => { if (event.key === " " && event.target === document.body) { this.toggle(); event.preventDefault(); } });
  }

  sliderMs() {
    const { moment } = this, ms = Number(this.slider.value);
    return ms >= Number(this.slider.max) ? moment.end : moment.aligned(ms, moment.step);
  }

  /** Arrows go one step of the line, with shift ten; page keys ten; home and end to the ends; space plays. */
  key(event) {
    const { moment } = this, far = event.shiftKey ? FAST_STEPS : 1;
    const steps = { ArrowLeft: -far, ArrowDown: -far, ArrowRight: far, ArrowUp: far, PageDown: -FAST_STEPS, PageUp: FAST_STEPS }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (steps) moment.go(moment.aligned((moment.past ? moment.at : moment.end) + (steps < 0 ? moment.step - 1 : 0), moment.step) + steps * moment.step);
    else if (event.key === "Home") moment.go(moment.begin);
    else if (event.key === "End") moment.live();
    else if (event.key === " ") this.toggle();
    else return;
    event.preventDefault();
  }

  focus() {
    this.open(true);
    this.slider.focus();
  }

  toggle() {
    if (this.moment.playing) this.moment.pause();
    else this.moment.play();
    this.say(this.moment.playing ? "playing" : "paused");
  }

  jump(direction) {
    const { moment } = this, found = moment.mark(direction);
    if (!found) { this.say(direction < 0 ? "no earlier alert on this line" : "no later alert"); return; }
    moment.go(found.ms);
    this.chosen(found.mark.case_id, true);
    this.say(`${MARKS[found.mark.severity]} ${found.mark.severity}: ${found.mark.headline}`);
  }

  /** What a reader of the screen hears of an action; not of every step while it plays. */
  say(words = "") {
    this.told.textContent = inert(`${this.words()}${words ? `. ${words}` : ""}`);
  }

  /** A new page must not be missed by those who look at the past. */
  announce(one) {
    if (!this.moment.past) return;
    this.news.replaceChildren(`▲ New page while this shows the past: ${inert(one.headline)} `, el("button", { type: "button", id: "time-show-page", onclick: () => { this.moment.live(); this.chosen(one.case_id); } }, "Show it now"));
    this.news.hidden = false;
  }

  words() {
    const { moment } = this, end = moment.end;
    if (!end) return "No event time yet";
    if (!moment.past) return moment.recorded() || !(moment.clock() || {}).live ? `NOW ${plainTime(end)}: the end of what was read` : `LIVE ${plainTime(end)}: what is known now`;
    return moment.known === "then" ? `AS OF ${plainTime(moment.at)}: what was known then` : `ABOUT ${plainTime(moment.at)}: what we know now`;
  }

  show() {
    const { moment } = this, { past } = moment, end = moment.end;
    if (past && !document.body.classList.contains("past")) this.open(true);
    document.body.classList.toggle("past", past);
    this.state.replaceChildren(el("strong", {}, this.words()), ...this.notes());
    this.state.title = past ? "Times of alerts are event times. Feedback counts from the time at which it was given." : "";
    if (!past) this.news.hidden = true;
    this.playing.textContent = moment.playing ? "||" : "▶";
    this.playing.setAttribute("aria-label", moment.playing ? "Pause" : "Play");
    this.playing.title = moment.playing ? "Pause (space)" : "Play (space)";
    this.known.value = moment.known;
    this.window.value = String(WINDOWS.indexOf(moment.window));
    this.live.disabled = !past;
    this.known.disabled = this.slider.disabled = this.playing.disabled = !end;
    if (!end) return;
    const begin = moment.begin;
    Object.assign(this.slider, { min: String(begin), max: String(end), value: String(past ? moment.at : end) });
    this.slider.setAttribute("aria-valuetext", this.words());
    [begin, end].forEach((ms, at) => { this.ends[at].textContent = at ? "now" : plainTime(ms); });
    this.paint(begin, end);
  }

  notes() {
    const { moment } = this, said = [];
    if (moment.past && moment.knownFrom && moment.at < moment.knownFrom) said.push(`The log begins ${plainTime(moment.knownFrom)}: of before nothing is known here.`);
    if (moment.past && moment.list && Date.parse(moment.list.as_of) !== moment.at) said.push(`(loading; the list is that of ${plainTime(Date.parse(moment.list.as_of))})`);
    if (moment.problem) said.push(moment.problem);
    const counts = moment.past && moment.list ? this.counts(moment.list.open).flatMap((one) => [" ", one]) : [];
    return [...counts, ...said.map((words) => el("span", {}, " ", words))];
  }

  paint(begin, end) {
    const key = [begin - (begin % 1000), end, this.moment.marks.length, this.moment.markedAt].join();
    if (key === this.painted) return;
    this.painted = key;
    const shown = this.moment.marks.filter((mark) => Date.parse(mark.time) >= begin && Date.parse(mark.time) <= end).sort((a, b) => URGENCY[a.severity] - URGENCY[b.severity]);
    this.marks.replaceChildren(...shown.map((mark) => {
      const made = el("i", { class: mark.severity });
      made.style.left = `${(100 * (Date.parse(mark.time) - begin)) / (end - begin)}%`;
      return made;
    }));
  }
}
