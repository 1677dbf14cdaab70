// Which layers of the map are shown, and the one line that says what it cannot show.

const COVERAGE = "#59c2a5", COVERAGE_CLASSES = [3, 8, 16, 24], SLOW_MS = 80, SLOW_FRAMES = 24, AREA_COLOUR = "#c9a3f5", STOP_COLOUR = "#d9b36c", AREA_DEG = 0.5;
const LAYERS = [["traffic", "Other vessels"], ["tracks", "Tracks"], ["zones", "Zones"], ["areas", "Areas of interference"], ["passes", "Satellite passes, images"], ["stops", "Places where ships stop"], ["coverage", "Where stations hear"]];

class Layers {
  /** `box`: a fieldset; `changed(name, on)` is called for each change. */
  constructor(box, changed) {
    this.on = { traffic: true, tracks: true, zones: true, areas: true, passes: true, stops: false, coverage: false, ...stored() };
    this.boxes = Object.fromEntries(LAYERS.map(([name, words]) => [name, this.line(box, words, this.on[name], (on) => {
      this.on[name] = on;
      keep("layers", JSON.stringify(this.on));
      changed(name, on);
    })]));
    this.slow = this.line(box, "Draw fewer vessels", false, (on) => changed("slow", on));
    this.line(box, "WebGL without a graphics card, from the next time the page is opened", graphicsForced(), (on) => keep("graphics", on ? "always" : "auto"));
  }

  line(box, words, on, change) {
    const input = el("input", { type: "checkbox", checked: on });
    input.addEventListener("change", () => change(input.checked));
    box.append(el("label", { class: "toggle" }, input, ` ${words}`));
    return input;
  }
}

function stored() {
  try {
    const said = JSON.parse(localStorage.getItem("layers"));
    return Object.fromEntries(LAYERS.map(([name]) => [name, said[name]]).filter(([, on]) => typeof on === "boolean"));
  } catch (error) {
    return {}; // nothing is kept yet, or the browser keeps nothing
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch (error) { /* the choice holds for this page */ }
}

/** Whether WebGL is wanted although the processor must draw it. */
function graphicsForced() {
  try {
    return localStorage.getItem("graphics") === "always";
  } catch (error) {
    return false;
  }
}

/** Lines below the map, by who says them; without words a line goes. */
class Notes {
  constructor(box) {
    Object.assign(this, { box, lines: new Map() });
  }

  say(who, words) {
    if ((this.lines.get(who) || "") === words) return;
    this.lines.set(who, words);
    const shown = [...this.lines.values()].filter(Boolean);
    this.box.hidden = !shown.length;
    this.box.textContent = shown.join("\n");
  }
}

/** Whether frames come too slowly: the median time from asking for one to having drawn it. */
class Pace {
  constructor() {
    this.times = [];
  }

  note(ms) {
    this.times.push(ms);
    if (this.times.length > SLOW_FRAMES) this.times.shift();
  }

  get slow() {
    return this.times.length === SLOW_FRAMES && [...this.times].sort((a, b) => a - b)[SLOW_FRAMES / 2] > SLOW_MS;
  }
}

/** Cells heard in the last day, as bands: neighbours in a row that were heard in about as many hours are one polygon. */
function coverageFeatures({ cell_deg, south_deg, west_deg, hours }) {
  const cells = south_deg.map((south, i) => ({ south, west: west_deg[i], level: COVERAGE_CLASSES.find((most) => hours[i] <= most) || 24 }));
  cells.sort((a, b) => a.south - b.south || a.west - b.west);
  const bands = [];
  for (const cell of cells) {
    const last = bands[bands.length - 1];
    if (last && last.south === cell.south && last.level === cell.level && Math.abs(last.east - cell.west) < 1e-6) last.east = cell.west + cell_deg;
    else bands.push({ ...cell, east: cell.west + cell_deg });
  }
  return bands.map(({ south, west, east, level }) => {
    const north = south + cell_deg;
    return { type: "Feature", properties: { hours: level }, geometry: { type: "Polygon", coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]] } };
  });
}

/** The half degree of an area's case, [lon, lat]: its name has the south-west corner, `place/36.5N027.0E`. */
function areaRing(one) {
  const said = /^place\/(\d\d\.\d)([NS])(\d{3}\.\d)([EW])$/.exec(one.case_id);
  if (!said) return null;
  const south = Number(said[1]) * (said[2] === "S" ? -1 : 1), west = Number(said[3]) * (said[4] === "W" ? -1 : 1), east = west + AREA_DEG, north = south + AREA_DEG;
  return [[west, south], [east, south], [east, north], [west, north], [west, south]];
}
