// Brings the map's layers together: what lies below the cases, and who is told of what.

const NO_GRAPHICS = "The map is drawn in a simpler way, with vessels in groups: ", DRAWS_SLOWLY = "This computer draws slowly: vessels are shown in groups.";
const notes = new Notes($("map-notes")), pace = new Pace();
const card = new ShipCard($("ship"), { choose, caseOf: (mmsi) => sea.cases.find((one) => one.open && one.mmsi === mmsi) });

sea.base = new BaseMap($("base"), {
  ready: () => {
    sea.base.map.addLayer(sea.traffic.layer);
    switchLayer("coverage", sea.layers.on.coverage);
    sea.traffic.stale = true;
    sea.traffic.fleet.grouped = "";
    sea.draw();
  },
  failed: (why) => { notes.say("graphics", `${NO_GRAPHICS}${why}.`); sea.draw(); },
});
sea.layers = new Layers($("layer-list"), switchLayer);
sea.traffic = new Traffic(sea, (who, words) => notes.say(who, words));
sea.tracks = card.tracks = new Tracks(sea, card);
sea.onship = (ship) => card.show(ship);
sea.ondrawn = (ms) => {
  pace.note(ms);
  if (!sea.traffic.slow && !sea.forced && pace.slow) { sea.layers.slow.checked = true; drawFewer(true, DRAWS_SLOWLY); }
};
sea.traffic.toggle(sea.layers.on.traffic);
sea.tracks.toggle(sea.layers.on.tracks);
$("map").addEventListener("keydown", (event) => { if (event.key === "Escape" && card.mmsi !== null) { card.hide(); event.stopPropagation(); } });
$("ship").addEventListener("keydown", (event) => { if (event.key === "Escape") { card.hide(); $("map").focus(); event.stopPropagation(); } });

function switchLayer(name, on) {
  if (name === "slow") { sea.forced = true; drawFewer(on, ""); }
  else if (name === "traffic") sea.traffic.toggle(on);
  else if (name === "tracks") sea.tracks.toggle(on);
  else if (name === "coverage") showCoverage(on);
  sea.draw();
}

function drawFewer(on, words) {
  sea.traffic.slow = on;
  notes.say("pace", words);
  sea.draw();
}

/** Where vessels were heard in the last day; asked for each time that it is switched on, and then every few minutes. */
async function showCoverage(on) {
  clearTimeout(sea.coverageTimer);
  sea.base.show("coverage", on);
  if (!on || !HAS_TRAFFIC) return notes.say("coverage", "");
  try {
    sea.base.set("coverage", coverageFeatures(await ask("/api/traffic/coverage")));
    notes.say("coverage", sea.base.map ? "" : "Coverage needs WebGL.");
  } catch (error) {
    notes.say("coverage", "Coverage is not available.");
  }
  sea.coverageTimer = setTimeout(() => showCoverage(sea.layers.on.coverage), 300000);
  return sea.draw();
}
