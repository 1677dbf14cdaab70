// A box on the map, [west, south, east, north] in degrees: drawn from corner to corner, or what the map shows.
// It needs of the map only `placeAt` (pixels to [lon, lat]), `pixelAt` ([lon, lat] to pixels) and its size.

class AreaPick {
  constructor(frame, map) {
    Object.assign(this, { frame, map, onarea: () => {}, from: null, box: null });
    this.sheet = el("div", { class: "area-sheet", hidden: true }, el("p", {}, "Drag from one corner to the other. Escape ends it."));
    this.drawn = el("div", { class: "area-drawn", hidden: true });
    frame.append(this.drawn, this.sheet);
    this.sheet.addEventListener("pointerdown", (event) => { this.sheet.setPointerCapture(event.pointerId); this.from = [event.offsetX, event.offsetY]; });
    this.sheet.addEventListener("pointermove", (event) => { if (this.from) this.place(this.from, [event.offsetX, event.offsetY]); });
    this.sheet.addEventListener("pointerup", (event) => { if (this.from) this.finish(this.from, [event.offsetX, event.offsetY]); });
    this.sheet.addEventListener("pointercancel", () => this.stop());
  }

  get drawing() { return !this.sheet.hidden; }

  start() {
    this.sheet.hidden = false;
    this.onstart();
  }

  onstart() {}

  stop() {
    this.sheet.hidden = true;
    this.from = null;
    this.follow();
  }

  finish(from, to) {
    this.stop();
    if (Math.abs(from[0] - to[0]) < 5 || Math.abs(from[1] - to[1]) < 5) return;
    const [west, north] = this.map.placeAt(Math.min(from[0], to[0]), Math.min(from[1], to[1]));
    const [east, south] = this.map.placeAt(Math.max(from[0], to[0]), Math.max(from[1], to[1]));
    this.give(west, south, east, north);
  }

  /** What the map shows now, as the area. */
  take() {
    const [west, north] = this.map.placeAt(0, 0), [east, south] = this.map.placeAt(this.frame.clientWidth, this.frame.clientHeight);
    this.give(west, south, east, north);
  }

  give(west, south, east, north) {
    const turn = (lon) => ((((lon + 180) % 360) + 360) % 360) - 180, whole = east - west >= 360;
    const box = [whole ? -180 : turn(west), Math.max(-90, south), whole ? 180 : turn(east), Math.min(90, north)];
    this.show(box);
    this.onarea(box);
  }

  show(box) {
    this.box = box && box.length === 4 && box.every(Number.isFinite) ? box : null;
    this.follow();
  }

  /** After the map has moved. */
  follow() {
    if (this.from) return;
    if (!this.box) { this.drawn.hidden = true; return; }
    const [west, south, east, north] = this.box, [left, top] = this.map.pixelAt(west, north), [, bottom] = this.map.pixelAt(west, south);
    const [right] = this.map.pixelAt(east, south), turn = this.map.pixelAt(180, 0)[0] - this.map.pixelAt(-180, 0)[0];
    this.place([left, top], [right < left ? right + Math.abs(turn || 0) : right, bottom]);
  }

  place(from, to) {
    const style = this.drawn.style;
    this.drawn.hidden = false;
    style.left = `${Math.min(from[0], to[0])}px`;
    style.top = `${Math.min(from[1], to[1])}px`;
    style.width = `${Math.abs(to[0] - from[0])}px`;
    style.height = `${Math.abs(to[1] - from[1])}px`;
  }
}
