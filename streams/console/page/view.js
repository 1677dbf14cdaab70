// Where the map looks: the middle on the unit square and pixels per unit. Mouse, touch and keys change it.

const LEAST_SCALE = 300, MOST_SCALE = 3e6;

class View {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    [this.x, this.y] = project(130, 36);
    this.scale = 4000;
    this.moved = false;
    this.pointers = new Map();
    this.listen();
  }

  get width() { return this.size ? this.size[0] : this.canvas.clientWidth; }
  get height() { return this.size ? this.size[1] : this.canvas.clientHeight; }

  /** Measures the canvas once for all that `work` asks of it: each measurement may lay out the page. */
  measured(work) {
    this.size = [this.canvas.clientWidth, this.canvas.clientHeight];
    try {
      work();
    } finally {
      this.size = null;
    }
  }

  /** Canvas pixels of a place, in the copy of the world nearest to the middle. */
  at(lon, lat) {
    let [x, y] = project(lon, lat);
    x -= Math.round(x - this.x);
    return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  placeAt(px, py) {
    return unproject(this.x + (px - this.width / 2) / this.scale, this.y + (py - this.height / 2) / this.scale);
  }

  set(x, y, scale) {
    const least = Math.max(LEAST_SCALE, this.height);
    this.scale = Math.max(least, Math.min(MOST_SCALE, scale));
    const half = Math.min(0.5, this.height / 2 / this.scale);
    this.x = x - Math.floor(x);
    this.y = Math.max(half, Math.min(1 - half, y));
    this.changed();
  }

  pan(dx, dy) {
    this.moved = true;
    this.set(this.x - dx / this.scale, this.y - dy / this.scale, this.scale);
  }

  /** Zooms about a point of the canvas. */
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    this.moved = true;
    const scale = Math.max(Math.max(LEAST_SCALE, this.height), Math.min(MOST_SCALE, this.scale * factor));
    const shift = 1 / this.scale - 1 / scale;
    this.set(this.x + (px - this.width / 2) * shift, this.y + (py - this.height / 2) * shift, scale);
  }

  look(lat, lon, zoom) {
    const [x, y] = project(lon, lat);
    this.set(x, y, 256 * 2 ** zoom);
  }

  get zoomLevel() { return Math.log2(this.scale / 256); }

  /** Shows all of [lon, lat] places, never closer than a harbour's surroundings. */
  fit(places) {
    if (!places.length) return this.look(30, 60, 1.6);
    const points = places.map(([lon, lat]) => project(lon, lat));
    const first = points[0][0];
    const xs = points.map(([x]) => x - Math.round(x - first)), ys = points.map(([, y]) => y);
    const [west, east] = [Math.min(...xs), Math.max(...xs)], [north, south] = [Math.min(...ys), Math.max(...ys)];
    const scale = Math.min((this.width - 170) / Math.max(east - west, 1e-9), (this.height - 150) / Math.max(south - north, 1e-9), 256 * 2 ** 6.4);
    return this.set((west + east) / 2, (north + south) / 2, scale);
  }

  /** Brings a place into view without a jump where it is in view already. */
  show(lon, lat) {
    const [px, py] = this.at(lon, lat);
    if (px < 40 || py < 40 || px > this.width - 40 || py > this.height - 40) {
      const [x, y] = project(lon, lat);
      this.set(x, y, this.scale);
    }
  }

  listen() {
    const canvas = this.canvas;
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
      this.dragged = 0;
    });
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.offsetX, event.offsetY];
    const other = [...this.pointers].find(([id]) => id !== event.pointerId);
    this.pointers.set(event.pointerId, now);
    this.dragged += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (!other) return this.pan(now[0] - before[0], now[1] - before[1]);
    const gap = (point) => Math.hypot(point[0] - other[1][0], point[1] - other[1][1]);
    return this.zoom(gap(now) / Math.max(gap(before), 1), (now[0] + other[1][0]) / 2, (now[1] + other[1][1]) / 2);
  }

  key(event) {
    const moves = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (moves[event.key]) this.pan(...moves[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoom(1.5);
    else if (event.key === "-") this.zoom(1 / 1.5);
    else return;
    event.preventDefault();
  }
}
