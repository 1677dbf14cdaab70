// Tracks of chosen vessels, and what is known of one that was clicked.

const TRACK_COLOURS = ["#e8eef3", "#7fd1e8", "#e6c27a", "#b9a4f0", "#8fdc9c"], SILENT_FLAG = 1, JUMPED_FLAG = 2, KEPT_MS = 48 * 3600000, CASE_LEAD_MS = 12 * 3600000;
const STATUSES = ["under way using engine", "at anchor", "not under command", "restricted manoeuvrability", "constrained by draught", "moored", "aground", "fishing", "under way sailing"];

const isoOf = (seconds) => new Date(seconds * 1000).toISOString();

class Tracks {
  constructor(sea, { card, say, whole }) {
    Object.assign(this, { sea, card, say, whole, shown: new Map(), of: null, had: null, one: null, on: true, until: null });
    whole.addEventListener("click", () => this.since());
  }

  /** Fetches and shows the track of a vessel: `from`, Unix ms, otherwise two days. */
  async add(mmsi, from = null) {
    const answer = await fetch(`/api/traffic/track/${mmsi}${from === null ? "" : `?from=${Math.round(from)}`}`, { credentials: "same-origin" });
    if (!answer.ok) throw new Error((await answer.text()).trim());
    const track = await answer.json();
    const colour = this.shown.get(mmsi)?.colour || TRACK_COLOURS[this.shown.size % TRACK_COLOURS.length];
    this.shown.set(mmsi, { colour, parts: partsOf(upTo(track, this.until)), track });
    this.sea.draw();
    return track;
  }

  remove(mmsi) {
    this.shown.delete(mmsi);
    this.sea.draw();
  }

  /** The track of the case that is chosen comes and goes with it; `whole`: a button for one that began earlier. */
  follow(one, clock) {
    const mmsi = one && one.mmsi ? one.mmsi : null;
    this.one = one;
    this.whole.hidden = mmsi === null || !HAS_TRAFFIC || mmsi === this.had || !(Date.parse(one.since) < Date.parse(nowOf(one, clock)) - KEPT_MS);
    if (mmsi === this.of) return;
    if (this.of !== null && this.of !== this.card.mmsi) this.remove(this.of);
    this.of = mmsi;
    this.had = null;
    this.say("track", "");
    if (mmsi !== null && this.on && HAS_TRAFFIC) this.add(mmsi).catch(() => {}); // the layer of vessels says why there is none
  }

  /** Fetches the track since before the chosen case began, from the log where it is no longer kept. */
  async since() {
    const mmsi = this.of;
    this.whole.hidden = true;
    this.had = mmsi;
    this.say("track", "Reading the track from the log…");
    try {
      const track = await this.add(mmsi, Date.parse(this.one.since) - CASE_LEAD_MS);
      if (mmsi !== this.of) return;
      const begins = track.time_s.length ? `Track from ${when(isoOf(track.time_s[0]))}.` : "The log has no track of it.";
      this.say("track", track.read_to_s === null ? begins : `${begins} Reading took too long: from ${when(isoOf(track.read_to_s))} to ${when(isoOf(track.held_from_s))} it is missing.`);
    } catch (error) {
      this.had = null;
      this.whole.hidden = false;
      this.say("track", error.message);
    }
  }

  /** Ends all tracks at a moment, Unix ms; null: where they end. */
  cut(until) {
    if (until === this.until) return;
    this.until = until;
    for (const one of this.shown.values()) one.parts = partsOf(upTo(one.track, until));
    this.sea.draw();
  }

  toggle(on) {
    this.on = on;
    this.sea.draw();
  }

  paint() {
    if (!this.on) return;
    const { ctx } = this.sea;
    ctx.lineJoin = "round";
    for (const { colour, parts } of this.shown.values()) {
      ctx.strokeStyle = colour;
      for (const { places, silent } of parts) {
        ctx.lineWidth = silent ? 1.3 : 1.8;
        ctx.setLineDash(silent ? [5, 6] : []);
        this.sea.ring(places);
        ctx.stroke();
      }
    }
    ctx.setLineDash([]);
  }
}

/** The points of a track up to a moment. */
function upTo(track, until) {
  if (until === null) return track;
  const count = track.time_s.filter((time) => time * 1000 <= until).length;
  return { lat_deg: track.lat_deg.slice(0, count), lon_deg: track.lon_deg.slice(0, count), flags: track.flags.slice(0, count) };
}

/** A track as lines of [lon, lat] that run on across 180 degrees: solid where heard, dashed where silent, none at a jump. */
function partsOf({ lat_deg, lon_deg, flags }) {
  const parts = [];
  let open = null, lon = lon_deg[0];
  lat_deg.forEach((lat, i) => {
    lon = lon_deg[i] - 360 * Math.round((lon_deg[i] - lon) / 360);
    const here = [lon, lat], before = open && open.places[open.places.length - 1];
    if (flags[i] & SILENT_FLAG && before && !(flags[i] & JUMPED_FLAG)) parts.push({ places: [before, here], silent: true });
    if (open && !flags[i]) open.places.push(here);
    else parts.push((open = { places: [here], silent: false }));
  });
  return parts.filter(({ places }) => places.length > 1);
}

class ShipCard {
  /** `box`: where it is shown; `caseOf`: the open case of an MMSI. */
  constructor(box, { caseOf, choose }) {
    Object.assign(this, { box, caseOf, choose, mmsi: null, tracks: null });
  }

  hide() {
    if (this.mmsi !== null && this.tracks.of !== this.mmsi) this.tracks.remove(this.mmsi);
    this.mmsi = null;
    this.box.hidden = true;
    this.box.replaceChildren();
  }

  focus() {
    const first = this.box.querySelector(".words button");
    if (first) first.focus();
  }

  async show(ship) {
    if (this.mmsi !== null && this.mmsi !== ship.mmsi) this.hide();
    this.mmsi = ship.mmsi;
    this.write({ mmsi: ship.mmsi }, el("p", { class: "note" }, "asking…"));
    try {
      const answer = await fetch(`/api/traffic/vessels/${ship.mmsi}`, { credentials: "same-origin" });
      if (this.mmsi !== ship.mmsi) return;
      if (!answer.ok) throw new Error((await answer.text()).trim());
      const said = await answer.json();
      if (this.mmsi === ship.mmsi) this.write(said, ...cardLines(said));
    } catch (error) {
      if (this.mmsi === ship.mmsi) this.write({ mmsi: ship.mmsi }, el("p", { class: "note" }, error.message));
    }
  }

  write(said, ...lines) {
    const one = this.caseOf(said.mmsi), shown = this.tracks.shown.has(said.mmsi);
    const button = (words, onclick) => el("button", { type: "button", onclick }, words);
    this.box.hidden = false;
    this.box.replaceChildren(
      el("div", { class: "top" }, el("h2", {}, said.name || `MMSI ${said.mmsi}`), el("button", { type: "button", class: "close", "aria-label": "Close the vessel", onclick: () => this.hide() }, "✕")),
      ...lines,
      el("p", { class: "words" }, button(shown ? "Hide track" : "Show track", () => this.track(said, lines, shown)), one && button("Open its case", () => this.choose(one.case_id))),
      el("p", { class: "note", role: "status" }, this.word || ""));
    this.word = "";
  }

  async track(said, lines, shown) {
    if (shown) this.tracks.remove(said.mmsi);
    else {
      try {
        const track = await this.tracks.add(said.mmsi);
        this.word = track.time_s.length ? `Track from ${when(isoOf(track.time_s[0]))}, within ${number(track.error_m)} m of each report. Dashes: silent.` : "No track is kept of it.";
      } catch (error) {
        this.word = error.message;
      }
    }
    if (this.mmsi === said.mmsi) this.write(said, ...lines);
  }
}

function cardLines(said) {
  const course = said.cog_deg === undefined || said.cog_deg === null ? "" : `, course ${String(Math.round(said.cog_deg) % 360).padStart(3, "0")}`;
  const ids = [`MMSI ${said.mmsi}`, said.imo && `IMO ${said.imo}`, said.call_sign && `call sign ${said.call_sign}`, said.ship_type && kindOf(said.ship_type), said.length_m && `${said.length_m} m`, said.class_b && "class B"];
  const moves = isNumber(said.sog_kn) ? `${number(said.sog_kn, 1)} kn${course}` : "speed not stated", status = STATUSES[said.status];
  const age = said.time_s ? `heard ${spoken((said.now_s - said.time_s) * 1000)} ago by ${said.station || "a station without a name"}` : "no position known";
  return [
    el("p", { class: "ids-line" }, ids.filter(Boolean).join(" · ")),
    said.lat_deg !== undefined && said.lat_deg !== null && el("p", {}, place(said)),
    el("p", {}, status ? `${moves}, ${status}` : moves),
    said.destination && el("p", {}, `reported destination ${said.destination}`),
    el("p", { class: "note" }, age),
    said.doubted && el("p", { class: "note" }, "Some of its positions were left out: it could not have come there."),
  ].filter(Boolean);
}
