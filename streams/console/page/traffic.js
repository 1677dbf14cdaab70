// The layer of all vessels: asks for them, draws them below the cases, and says what one is.

const TRAFFIC_EVERY_MS = 5000, TRAFFIC_AGAIN_MS = 15000, SHIP_HIT_PX = 11, DRAWN_BY_HAND_MOST = 3000;
const HAS_TRAFFIC = Boolean($("library").dataset.traffic); // otherwise the settings name no process that knows
const GROUP_COLOUR = "#8fa6b8", NO_TRAFFIC = "Other vessels are not shown: ";

class Traffic {
  /** `sea`: the map; `say`: shows a line below it, or none. */
  constructor(sea, say) {
    Object.assign(this, { sea, say, fleet: new Fleet(), layer: new ShipLayer(), version: "", on: true, slow: false, at: null, timer: 0, asked: 0 });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.ask(); });
    this.ask();
  }

  /** Shows where all vessels were at a moment (Unix ms); null: where they are. Resolves when they are there. */
  show(ms) {
    this.at = ms;
    this.version = "";
    return this.ask();
  }

  toggle(on) {
    this.on = on;
    this.layer.hidden = !on;
    if (on) this.ask();
    else this.say("traffic", "");
    this.sea.draw();
  }

  async ask() {
    const asked = ++this.asked;
    clearTimeout(this.timer);
    if (!this.on || document.hidden || !HAS_TRAFFIC) return;
    let again = TRAFFIC_EVERY_MS;
    try {
      const answer = await fetch(this.at === null ? `/api/traffic/vessels?since=${encodeURIComponent(this.version)}` : `/api/traffic/at?time=${Math.round(this.at)}`, { credentials: "same-origin" });
      if (asked !== this.asked) return;
      if (!answer.ok) throw new Error((await answer.text()).trim());
      const found = readColumns(await answer.arrayBuffer());
      if (asked !== this.asked) return;
      this.fleet.take(found);
      this.version = found.head.version;
      this.say("traffic", "");
      this.stale = true;
      this.sea.draw();
    } catch (error) {
      if (asked !== this.asked) return;
      again = TRAFFIC_AGAIN_MS;
      this.fleet.clear();
      this.version = "";
      this.stale = true;
      this.say("traffic", NO_TRAFFIC + (error.message || "the console does not answer").replace(/^no traffic: /, "") + ". Cases are complete.");
      this.sea.draw();
    }
    if (this.at === null) this.timer = setTimeout(() => this.ask(), again);
  }

  /** Before a frame: groups and table of the level that is shown. */
  prepare() {
    if (!this.on) return;
    const changed = this.fleet.head !== null && this.fleet.group(this.sea.view, this.slow);
    if (this.sea.base.map && (changed || this.stale)) this.layer.write(this.fleet.numbers(), this.fleet.ships.length);
    this.stale = this.stale && !this.sea.base.map;
  }

  /** What of it is drawn on the canvas: groups, and without a graphics card the vessels. */
  paint() {
    if (!this.on) return;
    const { ctx, view } = this.sea;
    if (!this.sea.base.map) this.paintByHand(ctx, view);
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.font = "600 11px system-ui, sans-serif";
    for (const group of this.fleet.groups) {
      const x = group.x - Math.round(group.x - view.x), px = (x - view.x) * view.scale + view.width / 2, py = (group.y - view.y) * view.scale + view.height / 2;
      if (px < -40 || py < -40 || px > view.width + 40 || py > view.height + 40) continue;
      const radius = 9 + 2.2 * Math.log2(group.count);
      ctx.fillStyle = "#22384acc";
      ctx.strokeStyle = GROUP_COLOUR;
      ctx.lineWidth = 1.2;
      ctx.beginPath();
      ctx.arc(px, py, radius, 0, 7);
      ctx.fill();
      ctx.stroke();
      ctx.fillStyle = "#dbe6ee";
      ctx.fillText(group.count < 10000 ? String(group.count) : `${Math.round(group.count / 1000)}k`, px, py + 0.5);
      this.sea.spots.push({ px, py, reach: radius, group, said: `${number(group.count)} vessels; click to come closer` });
    }
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
  }

  paintByHand(ctx, view) {
    let drawn = 0;
    for (const ship of this.fleet.ships) {
      if (ship.grouped || drawn >= DRAWN_BY_HAND_MOST) continue;
      const x = ship.x - Math.round(ship.x - view.x), px = (x - view.x) * view.scale + view.width / 2, py = (ship.y - view.y) * view.scale + view.height / 2;
      if (px < -10 || py < -10 || px > view.width + 10 || py > view.height + 10) continue;
      drawn += 1;
      const [red, green, blue] = shipColour(ship.type).map((part) => Math.round(part * 255)), turn = this.fleet.turnOf(ship);
      ctx.fillStyle = `rgba(${red},${green},${blue},${this.fleet.opacity(ship)})`;
      ctx.beginPath();
      if (turn < -9) ctx.arc(px, py, 3, 0, 7);
      else [[0, -6], [3.5, 5], [-3.5, 5]].forEach(([dx, dy]) => ctx.lineTo(px + dx * Math.cos(turn) - dy * Math.sin(turn), py + dx * Math.sin(turn) + dy * Math.cos(turn)));
      ctx.fill();
    }
  }

  /** The vessel at a place of the canvas as a spot of the map. */
  spotAt(px, py, reach = SHIP_HIT_PX) {
    const ship = this.on && this.fleet.head ? this.fleet.near(this.sea.view, px, py, reach) : null;
    return ship ? { px, py, ship, said: shipWords(ship, this.fleet.head.now_s) } : null;
  }
}

/** A vessel in a few words: what its report says, and how old that is. */
function shipWords(ship, nowS) {
  const speed = ship.sog_kn === null ? "speed not stated" : `${number(ship.sog_kn, 1)} kn`;
  const course = ship.cog_deg === null ? "" : `, course ${String(Math.round(ship.cog_deg) % 360).padStart(3, "0")}`;
  return `MMSI ${ship.mmsi}${ship.type ? `, ${kindOf(ship.type)}` : ""}\n${speed}${course}, heard ${spoken((nowS - ship.time_s) * 1000)} ago${ship.marks & MARK_DOUBTED ? "\nsome of its positions were left out: it could not have come there" : ""}`;
}
