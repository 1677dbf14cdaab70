// Satellites that could show a vessel, and what images show: sections of a case, and shapes on the map.
// Names come from catalogues: they are checked for their form here and end in text nodes, as all others do.

const SIDES = { right: "right of its track", left: "left of its track", below: "below its track" };
const TIERS = { possible: "possible by its orbit", planned: "planned by its operator", catalogued: "the image is in the catalogue" };
const OUTCOMES = { possible: "possible match", seen: "seen at its reported position", absent: "not in the image at its reported position" };
const PASS_COLOUR = "#b79cf0", IMAGE_COLOUR = "#6fd0b8";

const isRecord = (value) => Boolean(value) && typeof value === "object" && !Array.isArray(value);
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const isPlace = (lat, lon, most = 180) => isNumber(lat) && isNumber(lon) && Math.abs(lat) <= 90 && Math.abs(lon) <= most;

/** The passes that an alert names; what has another form is left out. */
function passesOf(said) {
  const told = isRecord(said.imagery) && Array.isArray(said.imagery.passes) ? said.imagery.passes : [];
  return told.filter((one) => isRecord(one) && typeof one.satellite === "string" && typeof one.sensor === "string" && typeof one.begin === "string" && typeof one.end === "string" && Object.hasOwn(SIDES, one.side) && isNumber(one.covers));
}

function sightingsOf(said) {
  const told = Array.isArray(said.sightings) ? said.sightings : [];
  return told.filter((one) => isRecord(one) && typeof one.image === "string" && typeof one.sensor === "string" && typeof one.time === "string" && Object.hasOwn(OUTCOMES, one.outcome) && isNumber(one.score) && isPlace(one.lat_deg, one.lon_deg));
}

function passWords(one) {
  const light = one.daylight === true ? ", by day" : one.daylight === false ? ", at night" : "";
  const tier = TIERS[Object.hasOwn(TIERS, one.tier) ? one.tier : "possible"] + (typeof one.item === "string" ? ` (${one.item})` : "");
  const course = isNumber(one.track_deg) ? ` (course ${String(((Math.round(one.track_deg) % 360) + 360) % 360).padStart(3, "0")})` : "";
  return `${SIDES[one.side]}${course}, covers ${number(one.covers * 100, 0)} %${light}${one.pointable === true ? ", could be pointed there if ordered" : ""}; ${tier}`;
}

function outcomeWords(one) {
  return `${OUTCOMES[one.outcome]}, score ${number(one.score, 2)}`;
}

function sightingWords(one) {
  const others = isNumber(one.others) && one.others > 0 ? `${one.others} other silent vessel${one.others === 1 ? "" : "s"} could be it` : "";
  return [place(one), isNumber(one.length_m) && `contact of ${number(one.length_m, 0)} m`, isNumber(one.distance_nm) && `${number(one.distance_nm, 1)} nm from its reported position`, others].filter(Boolean).join(", ");
}

/** When a pass begins and ends: `4 Feb 21:31Z to 21:32Z`. */
function span(one, now) {
  const end = one.begin.slice(0, 10) === one.end.slice(0, 10) ? today(one.end, one.begin) : when(one.end, now);
  return `${when(one.begin, now)} to ${end}`;
}

function howToCheck(said, now) {
  const passes = passesOf(said);
  if (!passes.length) return [];
  const age = said.imagery.elements_age_h;
  return [el("h3", {}, "How to check"), el("p", { class: "note" }, `Satellites that could see the place${isNumber(age) ? `, by orbital elements ${number(age, 0)} h old` : ""}`),
    el("ul", { class: "plain passes" }, ...passes.map((one) => el("li", {}, `${span(one, now)} ${one.satellite}, ${one.sensor}${typeof one.kind === "string" ? ` (${one.kind})` : ""}`, el("small", {}, passWords(one)))))];
}

function satelliteImages(said, now) {
  const sightings = sightingsOf(said);
  if (!sightings.length) return [];
  return [el("h3", {}, "Satellite images"),
    el("ul", { class: "plain sightings" }, ...sightings.map((one) => el("li", {}, `${when(one.time, now)} ${one.sensor}: ${outcomeWords(one)}`, el("small", {}, `${sightingWords(one)}; image ${one.image}`))))];
}

/** A closed ring of [lon, lat] that runs on across 180 degrees; null for what is none. */
function outlineOf(told) {
  if (!Array.isArray(told) || told.length < 4 || told.length > 1000) return null;
  const ring = [];
  for (const corner of told) {
    if (!Array.isArray(corner) || !isPlace(corner[1], corner[0], 360)) return null;
    const before = ring.length ? ring[ring.length - 1][0] : corner[0];
    ring.push([corner[0] - 360 * Math.round((corner[0] - before) / 360), corner[1]]);
  }
  return Math.abs(ring[0][0] - ring[ring.length - 1][0]) < 1e-6 ? ring : null;
}

/** What the map draws of an alert: `{passes, images, contacts}`. */
function imageShapes(said) {
  const sightings = sightingsOf(said), outlines = new Map(sightings.map((one) => [one.image, outlineOf(one.footprint)]));
  return {
    passes: passesOf(said).map((one) => outlineOf(one.area)).filter(Boolean),
    images: [...outlines.values()].filter(Boolean),
    contacts: sightings.map((one) => ({ lon: one.lon_deg, lat: one.lat_deg, outcome: one.outcome, said: `${outcomeWords(one)}\n${one.sensor} ${one.image}` })),
  };
}

SeaMap.prototype.paintImages = function paintImages() {
  const { ctx, shapes } = this;
  if (!shapes) return;
  for (const [rings, colour, dash] of [[shapes.passes, PASS_COLOUR, [6, 5]], [shapes.images, IMAGE_COLOUR, []]]) {
    ctx.setLineDash(dash);
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.4;
    rings.forEach((ring) => { this.ring(ring); ctx.stroke(); });
  }
  ctx.setLineDash([]);
  shapes.contacts.forEach((one) => this.paintContact(one));
};

/** A square where an image shows something; a cross where it shows nothing. */
SeaMap.prototype.paintContact = function paintContact({ lon, lat, outcome, said }) {
  const { ctx } = this, [px, py] = this.view.at(lon, lat);
  ctx.strokeStyle = IMAGE_COLOUR;
  ctx.lineWidth = 2;
  if (outcome === "absent") { this.line(px - 5, py - 5, px + 5, py + 5); this.line(px - 5, py + 5, px + 5, py - 5); }
  else { ctx.beginPath(); ctx.rect(px - 5, py - 5, 10, 10); ctx.stroke(); }
  this.spots.push({ px, py, said, reach: 9 });
};
