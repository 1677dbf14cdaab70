// The address keeps what is chosen: #case=...&alert=...&at=lat,lon,zoom&log=1&find=... and the filter (filters.js).

const OF_A_CASE = ["case", "alert", "at", "t", "known"];
const plainly = (said) => said.toString().replaceAll("%2F", "/").replaceAll("%2C", ",").replaceAll("%3A", ":");

function keepAddress() {
  const said = new URLSearchParams();
  if (now.selected) said.set("case", now.selected);
  if (now.selected && now.alertId) said.set("alert", now.alertId);
  if (wordsNow()) said.set("find", wordsNow());
  filters.write(said);
  if ($("log").checked) said.set("log", "1");
  moment.write(said);
  if (sea.view.moved) {
    const [lon, lat] = unproject(sea.view.x, sea.view.y);
    said.set("at", [lat.toFixed(3), lon.toFixed(3), sea.view.zoomLevel.toFixed(2)].join(","));
  }
  const hash = plainly(said);
  if (location.hash.slice(1) !== now.address) return; // another address was opened and is yet to be read
  if (hash !== now.address) history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
  now.address = location.hash.slice(1);
}

function readAddress() {
  now.address = location.hash.slice(1);
  const said = new URLSearchParams(now.address);
  now.selected = said.get("case") || (said.get("alert") ? "?" : null);
  now.alertId = said.get("alert");
  $("find").value = said.get("find") || "";
  filters.read(said);
  if (said.get("handover")) handover.open(said.get("handover"));
  $("log").checked = said.get("log") === "1";
  moment.read(said);
  const at = (said.get("at") || "").split(",").map(Number);
  if (at.length === 3 && at.every(Number.isFinite)) {
    sea.view.moved = true;
    sea.view.look(...at);
  }
}

/** The alert of the address may have moved to another case since the link was written. */
async function followAlert() {
  const alert = now.alertId && await askMoment(`/api/alerts/${now.alertId}`);
  if (!alert || alert.case_id === now.selected) return;
  now.selected = alert.case_id;
  keepAddress();
  await loadStory();
}

/** Case, alert, place and time, without what this watch searched or filtered. */
function caseLink() {
  keepAddress();
  const said = new URLSearchParams(location.hash.slice(1));
  if (now.alert) said.set("alert", now.alert.id);
  const link = new URLSearchParams(OF_A_CASE.filter((name) => said.get(name)).map((name) => [name, said.get(name)]));
  return `${location.origin}${location.pathname}#${plainly(link)}`;
}
