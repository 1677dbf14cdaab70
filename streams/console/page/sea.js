// Brings the map's layers together: what lies below the cases, and who is told of what.

const NO_GRAPHICS = "The map is drawn in a simpler way: ", DRAWS_SLOWLY = "This computer draws slowly: vessels are shown in groups.";
const NEAREST_PX = 120, FETCH_EVERY_MS = 300000, fetchTimers = {};
const FETCHED = {
  coverage: { path: "/api/traffic/coverage", features: coverageFeatures, words: "Places where stations hear" },
  stops: { path: "/api/stop-places", features: (said) => said.features, words: "Places where ships stop" },
};
const notes = new Notes($("map-notes")), pace = new Pace();
const card = new ShipCard($("ship"), { choose, caseOf: (mmsi) => sea.cases.find((one) => one.open && one.mmsi === mmsi) });

sea.base = new BaseMap($("base"), {
  ready: () => {
    sea.base.map.addLayer(sea.traffic.layer);
    for (const name of Object.keys(FETCHED)) showFetched(name, sea.layers.on[name]);
    sea.traffic.stale = true;
    sea.traffic.fleet.grouped = "";
    sea.draw();
  },
  failed: (why, always) => {
    const words = `${NO_GRAPHICS}${why}.`;
    if (always) {
      $("layers").querySelector("summary").textContent = "Layers (simple map)";
      $("graphics-note").textContent = `${words} Vessels are drawn up to ${number(DRAWN_BY_HAND_MOST)} at a time, coverage and stop places not at all.`;
    } else notes.say("graphics", words);
    sea.traffic.stale = true;
    sea.draw();
  },
});
sea.layers = new Layers($("layer-list"), switchLayer);
sea.traffic = new Traffic(sea, (who, words) => notes.say(who, words));
sea.tracks = card.tracks = new Tracks(sea, { card, say: (who, words) => notes.say(who, words), whole: $("whole-track") });
sea.onship = (ship) => card.show(ship);
sea.ondrawn = (ms) => {
  pace.note(ms);
  if (!sea.traffic.slow && !sea.forced && pace.slow) { sea.layers.slow.checked = true; drawFewer(true, DRAWS_SLOWLY); }
};
sea.traffic.toggle(sea.layers.on.traffic);
sea.tracks.toggle(sea.layers.on.tracks);
$("map").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && card.mmsi !== null) { card.hide(); event.stopPropagation(); }
  else if (event.key === "Enter") showNearest();
});
$("ship").addEventListener("keydown", (event) => { if (event.key === "Escape") { card.hide(); $("map").focus(); event.stopPropagation(); } });

/** For those who do not point: the vessel nearest to the middle of the map. */
async function showNearest() {
  const { width, height } = sea.view, spot = sea.traffic.spotAt(width / 2, height / 2, NEAREST_PX);
  notes.say("nearest", spot ? "" : "No single vessel is near the middle of the map: move it, or come closer.");
  if (!spot) return;
  await card.show(spot.ship);
  card.focus();
}

function switchLayer(name, on) {
  if (name === "slow") { sea.forced = true; drawFewer(on, ""); }
  else if (name === "traffic") sea.traffic.toggle(on);
  else if (name === "tracks") sea.tracks.toggle(on);
  else if (FETCHED[name]) showFetched(name, on);
  sea.draw();
}

function drawFewer(on, words) {
  sea.traffic.slow = on;
  notes.say("pace", words);
  sea.draw();
}

/** A layer that is fetched whole: asked for when it is switched on, and then every few minutes. */
async function showFetched(name, on) {
  const { path, features, words } = FETCHED[name];
  clearTimeout(fetchTimers[name]);
  sea.base.show(name, on);
  if (!on) return notes.say(name, "");
  try {
    sea.base.set(name, features(await ask(path)));
    notes.say(name, sea.base.map ? "" : `${words} need WebGL.`);
  } catch (error) {
    notes.say(name, `${words} are not available.`);
  }
  fetchTimers[name] = setTimeout(() => showFetched(name, sea.layers.on[name]), FETCH_EVERY_MS);
  return sea.draw();
}
