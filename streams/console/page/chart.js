// What the map is drawn with: the chart itself, and pen strokes on it.

const COLOUR = { page: "#ff7a6b", ticket: "#f2bd42", log: "#a3b2bf", done: "#7f92a1", sanctioned: "#d86a8e", associated: "#7fa6c9" };
const SEA = "#0a1118", LAND = "#22303b", SHORE = "#4a6172";

class Chart {
  constructor(canvas) {
    this.canvas = canvas;
    this.ctx = canvas.getContext("2d");
    this.land = landPath();
    this.taken = [];
    this.view = new View(canvas, () => this.draw());
  }

  paintGrid() {
    const { ctx, view } = this;
    const step = [30, 10, 5, 2, 1, 0.5, 0.25, 0.1].find((s) => (s / 360) * view.scale < 190) || 0.1;
    const [west, north] = view.placeAt(0, 0), [east, south] = view.placeAt(view.width, view.height);
    ctx.strokeStyle = "#1a2733";
    ctx.lineWidth = 1;
    const labels = [];
    const digits = step < 1 ? (step === 0.25 ? 2 : 1) : 0;
    for (let lon = Math.ceil(west / step) * step; lon <= east; lon += step) {
      const px = (project(lon, 0)[0] - view.x) * view.scale + view.width / 2;
      this.line(px, 0, px, view.height);
      const shown = ((((lon + 180) % 360) + 360) % 360) - 180;
      if (px < view.width - 90) labels.push([`${Math.abs(shown).toFixed(digits)}°${shown < 0 ? "W" : "E"}`, px + 3, 12]);
    }
    for (let lat = Math.ceil(south / step) * step; lat <= north; lat += step) {
      const py = (project(0, lat)[1] - view.y) * view.scale + view.height / 2;
      this.line(0, py, view.width, py);
      if (py > 30 && py < view.height - 60) labels.push([`${Math.abs(lat).toFixed(digits)}°${lat < 0 ? "S" : "N"}`, 4, py - 3]);
    }
    return labels;
  }

  paintLabels(labels) {
    const { ctx } = this;
    ctx.fillStyle = "#8296a6";
    ctx.font = "11px system-ui, sans-serif";
    ctx.textBaseline = "alphabetic";
    ctx.textAlign = "left";
    for (const [words, px, py] of labels) ctx.fillText(words, px, py);
  }

  line(x1, y1, x2, y2) {
    this.ctx.beginPath();
    this.ctx.moveTo(x1, y1);
    this.ctx.lineTo(x2, y2);
    this.ctx.stroke();
  }

  paintLand(ratio) {
    const { ctx, view } = this;
    const half = view.width / 2 / view.scale;
    ctx.fillStyle = LAND;
    ctx.strokeStyle = SHORE;
    for (let world = Math.floor(view.x - half); world <= Math.floor(view.x + half); world++) {
      const k = view.scale * ratio;
      ctx.setTransform(k, 0, 0, k, (world - view.x) * k + (view.width / 2) * ratio, -view.y * k + (view.height / 2) * ratio);
      ctx.lineWidth = 0.8 / view.scale;
      ctx.fill(this.land, "evenodd");
      ctx.stroke(this.land);
    }
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** A ring of [lon, lat] that runs on, as a path on the canvas; `holes` are further rings (fill with "evenodd"). */
  ring(places, ...holes) {
    const { ctx, view } = this;
    const shift = Math.round(project(places[0][0], 0)[0] - view.x);
    ctx.beginPath();
    [places, ...holes].forEach((ring) => ring.forEach(([lon, lat], i) => {
      const [x, y] = project(lon, lat);
      const px = (x - shift - view.x) * view.scale + view.width / 2, py = (y - view.y) * view.scale + view.height / 2;
      if (i) ctx.lineTo(px, py);
      else ctx.moveTo(px, py);
    }));
  }

  halo(px, py, radius, dash, width) {
    const { ctx } = this;
    ctx.setLineDash(dash);
    ctx.lineWidth = width;
    ctx.beginPath();
    ctx.arc(px, py, radius, 0, 7);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  shape(severity, px, py) {
    const { ctx } = this;
    ctx.beginPath();
    if (severity === "page") { ctx.moveTo(px, py - 9); ctx.lineTo(px + 8.5, py + 6.5); ctx.lineTo(px - 8.5, py + 6.5); ctx.closePath(); }
    else if (severity === "ticket") { ctx.moveTo(px, py - 8); ctx.lineTo(px + 7, py); ctx.lineTo(px, py + 8); ctx.lineTo(px - 7, py); ctx.closePath(); }
    else ctx.arc(px, py, 3, 0, 7);
  }

  /** A name beside a spot, where there is room for it; right of it, left, below, above. */
  name(words, px, py, off, colour, font) {
    const { ctx } = this;
    ctx.font = font;
    const shown = words.length > 44 ? `${words.slice(0, 43)}…` : words, width = ctx.measureText(shown).width;
    const tries = [[px + off, py + 4], [px - off - width, py + 4], [px - width / 2, py + off + 13], [px - width / 2, py - off - 5]];
    const free = tries.find(([x, y]) => x > 2 && x + width < this.view.width - 2 && !this.taken.some((box) => x < box[2] && x + width > box[0] && y - 13 < box[3] && y + 4 > box[1]));
    if (!free) return;
    const [x, y] = free;
    this.taken.push([x, y - 13, x + width, y + 4]);
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    ctx.lineWidth = 3.5;
    ctx.lineJoin = "round";
    ctx.strokeStyle = SEA;
    ctx.strokeText(shown, x, y);
    ctx.fillStyle = colour;
    ctx.fillText(shown, x, y);
  }

  paintScale() {
    const { ctx, view } = this;
    const perNm = view.scale / 360 / NM_PER_DEG / Math.cos((view.placeAt(0, view.height / 2)[1] * Math.PI) / 180);
    const nm = [2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1, 0.5].find((n) => n * perNm < 130) || 0.2;
    const x = view.width - 14, y = view.height - 14, width = nm * perNm;
    ctx.strokeStyle = ctx.fillStyle = "#a3b2bf";
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.moveTo(x - width, y - 5);
    ctx.lineTo(x - width, y);
    ctx.lineTo(x, y);
    ctx.lineTo(x, y - 5);
    ctx.stroke();
    ctx.font = "12px system-ui, sans-serif";
    ctx.textAlign = "right";
    ctx.fillText(`${nm} nm`, x, y - 8);
    ctx.textAlign = "left";
  }
}
