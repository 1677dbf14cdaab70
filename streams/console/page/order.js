// The order for satellite images of a silent ship, to copy or to save. Nothing is sent from here.

const ORDERS = [["geojson", "GeoJSON"], ["stapi-order", "STAPI order"], ["stapi-opportunities", "STAPI opportunities"]];

/** Below the passes of an open alert; they are numbered as in the alert. */
Detail.prototype.order = function order(alert, now) {
  const said = alert.details || {}, passes = passesOf(said);
  if (this.past || !passes.length || !isOpen(alert)) return [];
  const numberOf = (one) => said.imagery.passes.indexOf(one) + 1;
  const key = `${alert.id}/${alert.revision}`;
  if (!this.ordered || this.ordered.key !== key) this.ordered = { key, pass: "", format: "", text: "", said: "" };
  const draft = this.ordered;
  const again = () => { if (this.ordered === draft && this.last && this.last[1].id === alert.id) this.show(...this.last); };
  const address = (format) => `/api/alerts/${alert.id}/order?format=${format}${draft.pass ? `&pass=${draft.pass}` : ""}`;
  const ask = (format) => async () => {
    Object.assign(draft, { format, text: "", said: "" });
    try {
      const answer = await fetch(address(format)), text = await answer.text();
      Object.assign(draft, answer.ok ? { text } : { said: text.trim() });
    } catch (error) { draft.said = `No answer: ${error.message}`; }
    again();
  };
  const copy = async () => {
    try { await navigator.clipboard.writeText(draft.text); draft.said = "Copied."; } catch { draft.said = "Not copied: select the text."; }
    again();
  };
  const option = (value, label) => el("option", { value, selected: draft.pass === value }, label);
  const chosen = el("select", { "data-key": `pass-${alert.id}`, "aria-label": "Pass" }, option("", passes.length > 1 ? "all passes (STAPI order: the first)" : "the pass"),
    ...passes.map((one) => option(String(numberOf(one)), `pass ${numberOf(one)}: ${one.satellite}, ${when(one.begin, now)}`)));
  chosen.addEventListener("change", () => { Object.assign(draft, { pass: chosen.value, text: "", said: "" }); again(); });
  const buttons = ORDERS.map(([format, label]) => el("button", { type: "button", "data-key": `order-${format}-${alert.id}`, "data-order": format, onclick: ask(format) }, label));
  return [el("div", { class: "words" }, chosen, ...buttons, draft.said && el("span", { class: "note", role: "status" }, draft.said)),
    ...(draft.text ? [el("div", { class: "words" }, el("button", { type: "button", "data-key": `copy-${alert.id}`, onclick: copy }, "Copy"),
      el("a", { href: address(draft.format), download: `${draft.format}-${alert.id.slice(0, 12)}.json`, "data-key": `save-${alert.id}` }, "Save")),
    el("pre", { class: "order", tabindex: "0", "data-key": `text-${alert.id}`, "aria-label": "The order" }, draft.text)] : []),
    el("p", { class: "note" }, "Nothing is sent from here. On the command line: ", el("code", {}, `wakewatch imagery order ${alert.id.slice(0, 12)}`))];
};
