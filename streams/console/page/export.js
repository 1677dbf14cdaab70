// Files to hand over: the case as a zip. It is made when it is asked for, from the log, which can take a minute.

/** Below a case: the button, and what became of it. */
Detail.prototype.files = function files(one) {
  if (!this.exporting || this.exporting.caseId !== one.case_id) this.exporting = { caseId: one.case_id, said: "", busy: false };
  const draft = this.exporting;
  const again = (said, busy) => {
    Object.assign(draft, { said, busy });
    if (this.exporting === draft && this.last && this.caseId === one.case_id) this.show(...this.last);
  };
  const get = async () => {
    if (draft.busy) return;
    again("Reading the log…", true);
    try {
      const answer = await fetch(`/api/cases/${one.case_id.split("/").map(encodeURIComponent).join("/")}/export`, { credentials: "same-origin" });
      if (!answer.ok) throw new Error((await answer.text()).trim());
      saveFile(await answer.blob(), nameIn(answer.headers.get("Content-Disposition")) || "case.zip");
      again("Saved.", false);
    } catch (error) { again(`Not exported: ${error.message}`, false); }
  };
  return [el("h3", {}, "Hand over"), el("div", { class: "words" },
    el("button", { type: "button", "data-key": "export", "data-export": "zip", "aria-disabled": draft.busy ? "true" : null, onclick: get }, "Export case (zip)"),
    el("span", { class: "note", role: "status" }, draft.said)),
  el("p", { class: "note" }, "Alerts, track, raw sentences and a report to print. On the command line: ", el("code", {}, `wakewatch case export ${one.case_id}`))];
};

/** The file name that an answer states. */
function nameIn(said) {
  const found = /filename="([A-Za-z0-9.-]+)"/.exec(said || "");
  return found ? found[1] : null;
}

/** Lets the browser save a file. */
function saveFile(blob, name) {
  const address = URL.createObjectURL(blob), link = el("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/** Below the list: its cases as a file, by the same question, at the moment that is shown. */
const listFiles = {
  shown(box, path) {
    this.path = path;
    if (box.firstChild) return;
    this.said = el("span", { class: "note", role: "status" });
    const button = (ending, label) => el("button", { type: "button", class: "quiet", "data-export": ending, title: `The cases of this list as ${label}`, onclick: () => this.save(ending) }, label);
    box.append("This list as ", button("csv", "CSV"), button("geojson", "GeoJSON"), this.said);
  },

  async save(ending) {
    this.said.textContent = "";
    try {
      const answer = await fetch(this.path.replace("/api/alerts?", `/api/alerts.${ending}?`) + (moment.past ? moment.query("&") : ""), { credentials: "same-origin" });
      if (!answer.ok) throw new Error((await answer.text()).trim());
      saveFile(await answer.blob(), nameIn(answer.headers.get("Content-Disposition")) || `alerts.${ending}`);
      const rest = Number(answer.headers.get("Wakewatch-Left-Out"));
      this.said.textContent = rest ? `Saved without ${number(rest)} further cases: filter the list.` : "Saved.";
    } catch (error) { this.said.textContent = `Not saved: ${error.message}`; }
  },
};
