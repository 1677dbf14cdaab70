// All vessels that the feed hears: fetched as columns of numbers, kept in a table, and grouped where they are crowded.

const DEGREE_STEPS = 600000, UNKNOWN = 65535;
const MARK_CLASS_B = 1, MARK_AIRCRAFT = 2, MARK_DOUBTED = 4;
const GROUP_PX = 56, GROUP_LEAST = 10, GROUP_LEAST_SLOW = 3, GROUPS_TO_LEVEL = 11, FAINTEST = 0.22;
const READERS = { "<u4": Uint32Array, "<i4": Int32Array, "<u2": Uint16Array, u1: Uint8Array };

/** `{head, columns}` of an answer of `/api/traffic/vessels`; throws for another one. */
function readColumns(buffer) {
  const bytes = new DataView(buffer);
  if (buffer.byteLength < 8 || bytes.getUint32(0, false) !== 0x57575631) throw new Error("no answer about vessels");
  const size = bytes.getUint32(4, true), head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, size)));
  const columns = {};
  let at = 8 + size;
  for (const [name, kind] of head.columns) {
    columns[name] = new READERS[kind](buffer, at, head.count);
    at += Math.ceil(columns[name].byteLength / 4) * 4;
  }
  return { head, columns };
}

class Fleet {
  constructor() {
    this.clear();
  }

  clear() {
    Object.assign(this, { rows: new Map(), ships: [], head: null, groups: [], grouped: "", values: new Float32Array(0) });
  }

  /** Adds an answer; a whole one replaces all. */
  take({ head, columns }) {
    if (head.whole) this.clear();
    const { mmsi, lat, lon, time_s, sog, cog, heading, ship_type, marks } = columns;
    for (let i = 0; i < head.count; i++) {
      const [x, y] = project(lon[i] / DEGREE_STEPS, lat[i] / DEGREE_STEPS);
      const ship = { mmsi: mmsi[i], lat_deg: lat[i] / DEGREE_STEPS, lon_deg: lon[i] / DEGREE_STEPS, x, y, time_s: time_s[i], sog_kn: sog[i] === UNKNOWN ? null : sog[i] / 10, cog_deg: cog[i] === UNKNOWN ? null : cog[i] / 10, heading_deg: heading[i] === UNKNOWN ? null : heading[i], type: ship_type[i], marks: marks[i], grouped: false };
      const row = this.rows.get(ship.mmsi);
      if (row === undefined) this.rows.set(ship.mmsi, this.ships.push(ship) - 1);
      else this.ships[row] = ship;
    }
    this.head = head;
    this.forget();
    this.grouped = "";
  }

  /** Leaves out what has not been heard for too long. */
  forget() {
    const oldest = this.head.now_s - this.head.shown_s;
    if (!this.ships.some((ship) => ship.time_s < oldest)) return;
    this.ships = this.ships.filter((ship) => ship.time_s >= oldest);
    this.rows = new Map(this.ships.map((ship, row) => [ship.mmsi, row]));
  }

  get(mmsi) {
    return this.ships[this.rows.get(mmsi)];
  }

  /** Groups vessels of a level of the view, once for each level and answer. `slow`: this computer should draw few. */
  group(view, slow) {
    const level = Math.floor(view.zoomLevel), key = `${level} ${slow}`;
    if (key === this.grouped) return false;
    this.grouped = key;
    const side = GROUP_PX / (256 * 2 ** level), cells = new Map();
    for (const ship of this.ships) {
      ship.grouped = false;
      const cell = Math.floor(ship.x / side) * 4194304 + Math.floor(ship.y / side), found = cells.get(cell);
      if (found) found.push(ship);
      else cells.set(cell, [ship]);
    }
    const least = slow ? GROUP_LEAST_SLOW : GROUP_LEAST;
    const crowded = level < GROUPS_TO_LEVEL || slow ? [...cells.values()].filter((ships) => ships.length >= least) : [];
    this.groups = crowded.map((ships) => {
      ships.forEach((ship) => { ship.grouped = true; });
      const mean = (name) => ships.reduce((sum, ship) => sum + ship[name], 0) / ships.length;
      return { x: mean("x"), y: mean("y"), count: ships.length };
    });
    return true;
  }

  /** The table for the graphics card, FLOATS a vessel. */
  numbers() {
    if (this.values.length < this.ships.length * FLOATS) this.values = new Float32Array(Math.ceil(this.ships.length * 1.25) * FLOATS);
    const { values } = this;
    this.ships.forEach((ship, i) => {
      const at = i * FLOATS, [red, green, blue] = shipColour(ship.type);
      values[at] = ship.x;
      values[at + 1] = ship.y;
      values[at + 2] = this.turnOf(ship);
      values[at + 3] = ship.marks & MARK_CLASS_B ? SHIP_PX * 0.75 : SHIP_PX;
      values[at + 4] = red;
      values[at + 5] = green;
      values[at + 6] = blue;
      values[at + 7] = ship.grouped ? 0 : this.opacity(ship);
    });
    return values;
  }

  /** Which way it points, radians; -10 for one that is stopped or says nothing. */
  turnOf(ship) {
    const moves = ship.sog_kn !== null && ship.sog_kn >= STOPPED_KN, degrees = moves ? (ship.cog_deg ?? ship.heading_deg) : null;
    return degrees === null ? -10 : (degrees * Math.PI) / 180;
  }

  /** Fresh positions are strong, old ones faint; one of which positions were left out is fainter still. */
  opacity(ship) {
    const age = Math.min(1, Math.max(0, (this.head.now_s - ship.time_s - 600) / Math.max(1, this.head.shown_s - 600)));
    return Math.max(FAINTEST, 1 - Math.sqrt(age)) * (ship.marks & MARK_DOUBTED ? 0.5 : 1);
  }

  /** The vessel nearest to a place of the canvas, within `reach` pixels. */
  near(view, px, py, reach) {
    const half = view.width / 2, middle = view.height / 2;
    let best = null, least = reach;
    for (const ship of this.ships) {
      if (ship.grouped) continue;
      const x = ship.x - Math.round(ship.x - view.x), away = Math.hypot((x - view.x) * view.scale + half - px, (ship.y - view.y) * view.scale + middle - py);
      if (away < least) [best, least] = [ship, away];
    }
    return best;
  }
}
