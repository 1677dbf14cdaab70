// What keys and buttons do, where it is more than one call.

/** A key that needs a case: of the one that is shown. */
function inCase(work, ...more) {
  const reading = !detail.me.may || moment.past;
  if (!now.selected || !now.alert || !detail.last || $("detail").hidden || (reading && work !== "copyLink")) return false;
  return work === "focusOn" ? detail.focusOn(...more) : detail[work](now.alert, ...more);
}

/** What Escape ends: the innermost of what was begun. False: nothing. */
function escape(event) {
  if (area.drawing) area.stop();
  else if (event.target === $("find") && $("find").value) { $("find").value = ""; keepAddress(); render(); search(); }
  else if (event.target === $("find")) $("cases").focus();
  else if ($("filters").contains(event.target)) { filters.open(false); $("filter").focus(); }
  else if (now.alert && detail.endForm(now.alert)) return true;
  else if (now.selected) choose(null);
  else return false;
  return true;
}

/** On a phone the map is there on demand. */
function toggleMap(wanted) {
  const main = document.querySelector("main"), on = main.classList.toggle("with-map", wanted === true ? true : undefined);
  $("map-toggle").setAttribute("aria-pressed", String(on));
  if (on && now.story && now.selected) requestAnimationFrame(() => sea.frame(now.story.case));
}
