// What to do next about an alert, in a sentence or two by its detector; the guide (docs/ALERTS.md) has more.

const NEXT = {
  gap: "Ask the nearest station or vessel for a sighting. Check whether a feed outage or other silent vessels explain it.",
  watchlist: "Compare the identity with the list. Note position, course, destination and draught, and read the silence before.",
  port_proximity: "Inform those who can act in that port. Ask the port or the agent whether the vessel is expected.",
  blip: "Read what it sent in those minutes (details). Expect it along that course.",
  port_call: "Ask port state control or the agent; get imagery of the berth.",
  long_stay: "Ask port state control or the agent; get imagery of the place.",
  drifting: "See who is near or coming. If traffic or a coast is in the direction of the drift, inform the coast guard.",
  encounter: "Compare the draughts, and where both came from and go to. Get an image while it lasts.",
  loitering: "See what it was waiting for: its track a day before and after.",
  rendezvous: "Get images of the places where the named ships waited; compare draughts and destinations after it.",
  shuttle: "Get imagery of both places on the days of the legs. It may repeat the voyage when it sails next.",
  identity_change: "Ask the registries of both flags. Compare type and length under both numbers.",
  heard_as: "Compare the identity with the list, and follow the new number.",
  shared_mmsi: "Compare the tracks and the stations that heard each. Ask the flag whose number it is.",
  position_jump: "See whether other vessels are displaced at the same time: then it is the area. Otherwise get imagery of its last consistent position.",
  smooth_track: "See whether the track crosses land or begins at sea. Ask a station or vessel near the reported position for a sighting.",
  not_in_image: "View the images yourself, at that place and around it. Order another of the place where it was last seen.",
  interference: "Trust no AIS position from the area, and warn those who sail there. Check first whether one receiver heard all of them.",
  broken_up: "Ask the flag and a register of ships whether the ship exists. If it does, report the error to the list.",
  invalid_number: "Nothing by itself. With another alert about the vessel: ask a station near it for the real number.",
  feed_outage: "Check the receiver, its line and its clock; run wakewatch doctor.",
  flood: "Check the source; run wakewatch doctor.",
  station_clock: "Ask the operator of the station: time zone, summer time, time server.",
};

Detail.prototype.todo = function todo(alert) {
  if (!isOpen(alert)) return [];
  return [el("h3", {}, "What to do"), el("p", { class: "todo" }, NEXT[alert.detector] || "Read why, and what would change it.")];
};
