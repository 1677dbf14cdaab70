// The map: land, zones, silences, and the last known place of each case. Drawn whole, only when something changed.

const REACH_MOST_NM = 1500, ZONE_NAMES_FROM = 6.2, CLICK_PX = 6, HIT_PX = 16;

class SeaMap extends Chart {
  constructor(canvas, tip, chosen) {
    super(canvas);
    this.tip = tip;
    this.chosen = chosen;
    this.zones = [];
    this.cases = [];
    this.clock = {};
    this.reachKn = 0;
    this.selected = this.over = this.shapes = null;
    this.spots = [];
    this.layers = { on: { zones: true, areas: true, passes: true } };
    this.base = { map: null, follow() {}, resize() {} };
    this.traffic = this.tracks = null;
    this.onmoved = () => {};
    new ResizeObserver(() => this.resize()).observe(canvas);
    canvas.addEventListener("pointermove", (event) => this.hover(event));
    canvas.addEventListener("pointerleave", () => this.hover(null));
    canvas.addEventListener("click", (event) => this.click(event));
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.view.width * ratio);
    this.canvas.height = Math.round(this.view.height * ratio);
    this.base.resize();
    if (!this.view.moved && this.fitted) this.fit();
    this.draw();
  }

  show(cases, clock, reachKn) {
    Object.assign(this, { cases, clock, reachKn });
    this.draw();
  }

  fit() {
    const urgent = this.cases.filter((one) => one.open && one.severity !== "log");
    const wanted = urgent.some((one) => one.position) ? urgent : this.cases.filter((one) => one.open);
    const places = wanted.flatMap((one) => [one.position, silence(one) && silence(one).from].filter(Boolean).map((p) => [p.lon_deg, p.lat_deg]));
    this.fitted = places.length > 0;
    this.view.fit(places.length ? places : this.zones.map((zone) => [zone.lon_deg, zone.lat_deg]));
  }

  /** Brings a case into view whole: its last fix, its silences, and how far it may have come. */
  frame(one) {
    if (!one) return;
    const dark = silence(one), reach = one.open && dark && dark.from ? this.reachOf(one, dark) : 0;
    const fixes = [one.position, ...(one.dark || []).flatMap((leg) => [leg.from, leg.to])].filter(Boolean).map((p) => [p.lon_deg, p.lat_deg]);
    const places = reach && reach <= REACH_MOST_NM ? [...fixes, ...circle(dark.from.lat_deg, dark.from.lon_deg, reach)] : fixes;
    if (!places.length) return;
    this.view.moved = true;
    this.view.fit(places);
  }

  draw() {
    if (this.waiting) return;
    this.waiting = true;
    const asked = performance.now();
    requestAnimationFrame(() => {
      this.waiting = false;
      this.view.measured(() => this.paint());
      this.onmoved();
      this.ondrawn(performance.now() - asked);
    });
  }

  ondrawn() {}

  paint() {
    const { ctx, view } = this, ratio = window.devicePixelRatio || 1;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, view.width, view.height);
    this.taken = [];
    this.spots = [];
    const labels = this.paintGrid();
    if (this.traffic) this.traffic.prepare();
    if (this.base.map) this.base.follow(view);
    else this.paintLand(ratio);
    this.paintLabels(labels);
    if (this.layers.on.zones) this.zones.filter((zone) => this.inForce(zone)).forEach((zone) => this.paintZone(zone));
    if (this.layers.on.areas) this.cases.filter((one) => one.open).forEach((one) => this.paintArea(one));
    if (this.traffic) this.traffic.paint();
    if (this.tracks) this.tracks.paint();
    const order = [...this.cases].sort((a, b) => this.weight(a) - this.weight(b));
    if (this.layers.on.passes) this.paintImages();
    order.forEach((one) => this.paintDark(one));
    order.forEach((one) => this.paintCase(one));
    order.reverse().forEach((one) => this.paintName(one));
    this.paintScale();
  }

  weight(one) {
    return (one.case_id === this.selected ? 9 : 0) + (one.open ? 3 : 0) + URGENCY[one.severity];
  }

  inForce(zone) {
    const day = (this.clock.live || this.clock.recorded || "").slice(0, 10);
    return !day || ((zone.from_date || "") <= day && (!zone.to_date || day <= zone.to_date));
  }

  paintZone(zone) {
    const { ctx, view } = this, colour = COLOUR[zone.kind];
    const [px, py] = view.at(zone.lon_deg, zone.lat_deg);
    const radius = (zone.radius_nm / NM_PER_DEG / 360 / Math.cos((zone.lat_deg * Math.PI) / 180)) * view.scale;
    if (px < -radius - 90 || py < -radius - 20 || px > view.width + radius + 90 || py > view.height + radius + 20) return;
    const small = radius < 6;
    ctx.setLineDash(zone.kind === "sanctioned" || small ? [] : [2, 3]);
    ctx.fillStyle = `${colour}${zone.kind === "sanctioned" ? "33" : "14"}`;
    ctx.strokeStyle = colour;
    ctx.lineWidth = small ? 1 : 1.4;
    const parts = zone.polygon ? [zone.polygon, ...(zone.more_polygons || [])] : [[circle(zone.lat_deg, zone.lon_deg, zone.radius_nm)]];
    (small ? [null] : parts).forEach((rings) => {
      if (rings) this.ring(...rings);
      else { ctx.beginPath(); ctx.rect(px - 3, py - 3, 6, 6); }
      ctx.fill("evenodd");
      ctx.stroke();
    });
    ctx.setLineDash([]);
    this.spots.push({ px, py, zone, reach: Math.max(7, Math.min(radius, 26)) });
    if (view.zoomLevel > ZONE_NAMES_FROM) this.name(zone.name, px, py, Math.max(6, Math.min(radius, 60)), colour, "12px system-ui, sans-serif");
  }

  paintArea(one) {
    const ring = areaRing(one), { ctx } = this;
    if (!ring) return;
    this.ring(ring);
    ctx.fillStyle = `${AREA_COLOUR}22`;
    ctx.strokeStyle = AREA_COLOUR;
    ctx.lineWidth = 1.3;
    ctx.fill();
    ctx.stroke();
  }

  paintDark(one) {
    const chosen = one.case_id === this.selected;
    const colour = COLOUR[one.severity];
    for (const dark of one.dark || []) {
      if (dark.until && (chosen || one.open)) this.paintLeg(dark, chosen ? "#ffffff" : colour);
      else if (!dark.until && one.open && (chosen || one.severity !== "log")) this.paintReach(one, dark, colour);
    }
  }

  paintLeg(dark, colour) {
    if (!dark.from || !dark.to) return;
    const { ctx } = this;
    const lon = dark.to.lon_deg - 360 * Math.round((dark.to.lon_deg - dark.from.lon_deg) / 360);
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.6;
    ctx.setLineDash([7, 6]);
    this.ring([[dark.from.lon_deg, dark.from.lat_deg], [lon, dark.to.lat_deg]]);
    ctx.stroke();
    ctx.setLineDash([]);
    const [px, py] = this.view.at(dark.from.lon_deg, dark.from.lat_deg);
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.arc(px, py, 3, 0, 7);
    ctx.stroke();
    const [tx, ty] = this.view.at(dark.to.lon_deg, dark.to.lat_deg);
    ctx.fillStyle = colour;
    ctx.beginPath();
    ctx.arc(tx, ty, 3, 0, 7);
    ctx.fill();
  }

  paintReach(one, dark, colour) {
    const nm = this.reachOf(one, dark);
    if (!dark.from || !nm || nm > REACH_MOST_NM) return;
    const { ctx } = this;
    this.ring(circle(dark.from.lat_deg, dark.from.lon_deg, nm));
    ctx.fillStyle = `${colour}14`;
    ctx.strokeStyle = `${colour}bb`;
    ctx.lineWidth = 1.3;
    ctx.setLineDash([3, 5]);
    ctx.fill();
    ctx.stroke();
    ctx.setLineDash([]);
  }

  /** How far it could have come by now, nm. */
  reachOf(one, dark) {
    return ((dark.reach_kn || this.reachKn) * Math.max(0, sinceMs(dark.since, nowOf(one, this.clock)))) / 3600000;
  }

  paintCase(one) {
    if (!one.position) return;
    const { ctx, view } = this, [px, py] = view.at(one.position.lon_deg, one.position.lat_deg);
    if (px < -20 || py < -20 || px > view.width + 20 || py > view.height + 20) return;
    const colour = one.open ? COLOUR[one.severity] : COLOUR.done;
    this.spots.push({ px, py, one, reach: HIT_PX });
    ctx.lineWidth = one.severity === "log" ? 1.5 : 2;
    ctx.strokeStyle = one.open && one.severity !== "log" ? SEA : colour;
    ctx.fillStyle = one.open ? colour : SEA;
    this.shape(one.severity, px, py);
    if (one.severity === "log") ctx.fillStyle = SEA;
    ctx.fill();
    ctx.stroke();
    ctx.strokeStyle = colour;
    if (silence(one) && one.severity !== "log") this.halo(px, py, 12, [2, 3], 1.5);
    ctx.strokeStyle = "#ffffff";
    if (one.case_id === this.selected) this.halo(px, py, 16, [], 2);
    else if (one.case_id === this.over) this.halo(px, py, 16, [], 1);
  }

  paintName(one) {
    const marked = one.case_id === this.selected || one.case_id === this.over;
    if (!one.position || (!marked && (!one.open || one.severity === "log"))) return;
    const [px, py] = this.view.at(one.position.lon_deg, one.position.lat_deg);
    if (px < 0 || py < 0 || px > this.view.width || py > this.view.height) return;
    const dark = one.open ? silence(one) : null;
    const words = dark ? `${nameOf(one)}, silent ${spoken(sinceMs(dark.since, nowOf(one, this.clock)))}` : nameOf(one);
    this.name(words, px, py, 16, marked ? "#ffffff" : COLOUR[one.severity], "600 13px system-ui, sans-serif");
  }

  spotAt(px, py) {
    const near = this.spots.filter((spot) => Math.hypot(spot.px - px, spot.py - py) <= spot.reach);
    const ship = this.traffic && !near.some((spot) => spot.one) ? this.traffic.spotAt(px, py) : null;
    if (ship) near.push(ship);
    const value = (spot) => (spot.ship ? 80 : spot.one ? 100 + this.weight(spot.one) * 10 : spot.said ? 50 : 0) - Math.hypot(spot.px - px, spot.py - py);
    return near.sort((a, b) => value(b) - value(a))[0];
  }

  hover(event) {
    const spot = event && event.pointerType !== "touch" && !this.view.pointers.size ? this.spotAt(event.offsetX, event.offsetY) : null;
    this.canvas.classList.toggle("over", Boolean(spot && (spot.one || spot.ship || spot.group)));
    this.tip.hidden = !spot;
    this.point(spot && spot.one ? spot.one.case_id : null);
    if (!spot) return;
    this.tip.textContent = spot.said || (spot.one ? this.caseWords(spot.one) : this.zoneWords(spot.zone));
    this.tip.style.left = `${Math.max(4, Math.min(event.offsetX + 14, this.view.width - this.tip.offsetWidth - 4))}px`;
    this.tip.style.top = `${Math.max(4, Math.min(event.offsetY + 14, this.view.height - this.tip.offsetHeight - 4))}px`;
  }

  caseWords(one) {
    const marks = `${MARKS[one.severity]} ${one.severity}${one.open ? "" : ", closed"}${one.verification === "unverified" ? ", unverified" : ""}`;
    return `${nameOf(one)}  ${marks}\n${one.headline}\n${isArea(one) ? "centre" : "last position"} ${when(one.position.time, nowOf(one, this.clock))}`;
  }

  zoneWords(zone) {
    return `${zone.name}: ${zone.kind} zone, ${zone.polygon ? "an area within " : ""}${zone.radius_nm} nm${zone.legal_basis ? `\n${zone.legal_basis}` : ""}`;
  }

  /** Marks a case that the pointer is on, here and in the list. */
  point(caseId) {
    if (caseId === this.over) return;
    this.over = caseId;
    this.onpoint(caseId);
    this.draw();
  }

  onpoint() {}

  onship() {}

  click(event) {
    if (this.view.dragged > CLICK_PX) return;
    const spot = this.spotAt(event.offsetX, event.offsetY);
    if (spot && spot.one) this.chosen(spot.one.case_id);
    else if (spot && spot.ship) this.onship(spot.ship);
    else if (spot && spot.group) this.view.zoom(4, event.offsetX, event.offsetY);
  }
}
