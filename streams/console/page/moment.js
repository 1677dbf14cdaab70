// The moment that the page shows: now, or an earlier one; what the console knows of it; and playing on from there.

const PLAY_MS = 1000, CALM_PLAY_MS = 3000, BUSY_MS = 1000, MARKS_EVERY_MS = 10000, TRIES_MOST = 5;
const iso = (ms) => new Date(ms).toISOString().replace(".000Z", "Z");
/** `2024-01-05 04:10Z`; with seconds where there are any. */
const plainTime = (ms) => iso(ms).replace("T", " ").replace(/\.\d+Z$/, "Z").replace(/:00Z$/, "Z");

class Moment {
  /** `changed`: another moment is chosen, or live again; `told`: only what is said of it. */
  constructor({ changed, told, clock, recorded }) {
    Object.assign(this, { changed, told, clock, recorded, at: null, known: "then", playing: false, speed: 60, marks: [], knownFrom: null, problem: "", list: null, timer: 0, markedAt: 0, marksDue: true, ready: false });
  }

  get past() { return this.at !== null; }

  /** The present event time, Unix ms: of recordings where only they are read or a recorded case is open; 0: none yet. */
  get end() {
    const clock = this.clock() || {}, recorded = this.past ? this.ofRecording : this.recorded();
    return Date.parse((recorded ? clock.recorded : clock.live) || clock.live || clock.recorded) || 0;
  }

  get step() { return this.window.step; }

  /** Goes to a moment, at or before the present; the present itself is live. */
  go(ms, { playing = false } = {}) {
    const end = this.end;
    if (!end) return;
    if (!this.past) this.ofRecording = this.recorded();
    if (!(ms < end)) return this.live();
    this.at = Math.max(0, Math.floor(ms / 1000) * 1000);
    this.problem = "";
    this.widen();
    if (!playing) this.pause();
    this.changed();
  }

  live() {
    const was = this.past;
    Object.assign(this, { at: null, list: null, problem: "" });
    this.pause();
    if (was) this.changed();
  }

  look(known) {
    this.known = known;
    this.told();
    if (this.past) this.changed();
  }

  /** Plays on, from the beginning of the line when nothing is chosen. */
  play() {
    if (!this.end) return;
    if (!this.past) this.go(this.begin, { playing: true });
    this.playing = true;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches, every = calm ? CALM_PLAY_MS : PLAY_MS;
    clearInterval(this.timer);
    this.timer = setInterval(() => this.go(this.aligned(this.at + this.speed * every, this.speed * 1000), { playing: true }), every);
    this.told();
  }

  pause() {
    clearInterval(this.timer);
    if (!this.playing) return;
    this.playing = false;
    this.told();
  }

  /** A multiple of a step: viewers who look at the same hour ask the same questions. */
  aligned(ms, step) { return Math.floor(ms / step) * step; }

  get begin() { return this.end - this.windowMs; }

  get windowMs() { return this.window.ms || Math.max(HOUR, this.end - (this.knownFrom || this.end)); }

  /** The line grows until the moment is on it. */
  widen() {
    while (this.past && this.at < this.begin && this.window !== WINDOWS[WINDOWS.length - 1]) this.window = WINDOWS[WINDOWS.indexOf(this.window) + 1];
  }

  /** The nearest mark before (-1) or after (1) the moment. */
  mark(direction) {
    const at = this.past ? this.at : this.end; // what came at the present moment is shown already
    const seconds = (mark) => Math.ceil(Date.parse(mark.time) / 1000) * 1000; // a moment is a whole second: from then on it is known
    const marks = this.marks.map((mark) => ({ mark, ms: seconds(mark) })).filter(({ ms }) => (direction < 0 ? ms < at : ms > at));
    return direction < 0 ? marks[marks.length - 1] : marks[0];
  }

  // -- what the console knows ------------------------------------------------------------------------------------------

  /** Added to a path: which moment it is about. */
  query(mark) {
    return this.past ? `${mark}${this.known === "then" ? "as_of" : "about"}=${iso(this.at)}` : "";
  }

  /** The answer about the moment; null: not known then. A console that is busy is asked again. */
  async ask(path) {
    for (let tries = 0; ; tries++) {
      const answer = await fetch(path, { credentials: "same-origin" });
      if (answer.status === 503 && tries < TRIES_MOST) {
        this.problem = (await answer.text()).trim();
        this.told();
        await new Promise((done) => setTimeout(done, BUSY_MS));
        continue;
      }
      if (answer.status === 404) return null;
      if (!answer.ok) { this.problem = (await answer.text()).trim(); this.told(); return null; }
      this.problem = "";
      return answer.json();
    }
  }

  /** The list of the moment instead of the present one: `path` is the question for that. Null: another moment is chosen by now. */
  async listOf(path, present) {
    if (this.past && this.end && this.at >= this.end) this.at = null; // an address from a console that is ahead of this one
    if (!this.past) { this.told(); return present; }
    if (!this.ready) { this.problem = "the log is still being read"; this.told(); return this.empty(present); }
    const { at, known } = this, list = await this.ask(path + this.query("&"));
    if (at !== this.at || known !== this.known) return null;
    if (list) Object.assign(this, { list, knownFrom: Date.parse(list.known_from) || this.knownFrom });
    this.told();
    return this.list || this.empty(present);
  }

  empty(present) {
    return { ...present, state: "loading", cases: [], open: { page: 0, ticket: 0, log: 0 }, clock: {}, more: 0 };
  }

  /** Asks for the marks of the line if they may have changed, not more often than every few seconds. */
  async remark(force = false) {
    this.marksDue = true;
    if (!this.ready || !this.end || (!force && Date.now() - this.markedAt < MARKS_EVERY_MS)) return;
    Object.assign(this, { markedAt: Date.now(), marksDue: false });
    const from = Math.max(0, this.aligned(this.window.ms ? this.begin : 0, 60000)), to = this.aligned(this.end, 60000) + 60000;
    const answer = await fetch(`/api/marks?from=${iso(from)}&to=${iso(to)}`, { credentials: "same-origin" });
    if (!answer.ok) { this.marksDue = true; return; }
    const said = await answer.json();
    Object.assign(this, { marks: said.marks, knownFrom: Date.parse(said.known_from) || null });
    this.told();
  }

  /** What the console says every few seconds. Returns whether earlier moments can be asked for only since then. */
  tick(status) {
    const begun = Boolean(status.past) && !this.ready;
    this.ready ||= Boolean(status.past);
    if (this.marksDue) this.remark().catch(() => {});
    this.told();
    return begun;
  }

  // -- in the address ----------------------------------------------------------------------------------------------------

  write(said) {
    if (!this.past) return;
    said.set("t", iso(this.at));
    if (this.known === "now") said.set("known", "now");
  }

  read(said) {
    const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z$/.test(said.get("t") || "") ? Date.parse(said.get("t")) : NaN;
    this.known = said.get("known") === "now" ? "now" : "then";
    this.pause();
    this.at = Number.isNaN(at) ? null : at;
    this.list = null;
    this.problem = said.get("t") && Number.isNaN(at) ? "the time in the address is not one: this is the present" : "";
  }
}

const MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
/** How much of the past is on the line, and how far an arrow key goes. */
const WINDOWS = [
  { name: "6 h", ms: 6 * HOUR, step: MINUTE }, { name: "24 h", ms: DAY, step: 5 * MINUTE }, { name: "48 h", ms: 2 * DAY, step: 10 * MINUTE },
  { name: "7 d", ms: 7 * DAY, step: 30 * MINUTE }, { name: "28 d", ms: 28 * DAY, step: 2 * HOUR }, { name: "all", ms: 0, step: 6 * HOUR },
];
Moment.prototype.window = WINDOWS[1];

// -- how the page follows ------------------------------------------------------------------------------------------------

/** Runs `work` one at a time; of the calls in the meantime only the last one counts. */
function latest(work) {
  let running = false, again = false;
  return async () => {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      again = false;
      await work();
    }
    running = false;
  };
}

/** The list of the chosen moment: what was asked before, or what is asked now in its place. */
async function loadMoment(path) {
  const asked = now.asked, shown = await moment.listOf(path, now.present);
  moveTraffic();
  if (!shown || asked !== now.asked) return;
  now.overview = shown;
  if (now.selected) await loadStory();
  render();
  if (!sea.view.moved && !sea.fitted) { if (now.selected && now.story && sea.view.width) sea.frame(now.story.case); else sea.fit(); }
}

const askMoment = (path) => (!moment.past ? ask(path) : moment.ready ? moment.ask(path + moment.query("?")) : null);

const moveList = latest(async () => { if (now.present) await loadMoment(now.path).catch(lose); });

/** Vessels and tracks of the moment; of tracks what was known then. */
const moveTraffic = latest(async () => {
  if (sea.tracks) sea.tracks.cut(moment.past && moment.known === "then" ? moment.at : null);
  if (sea.traffic && sea.traffic.at !== moment.at) await sea.traffic.show(moment.at);
});

function showMoment() {
  timeline.show();
  moveList();
  moveTraffic();
}
