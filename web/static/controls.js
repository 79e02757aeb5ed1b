// The controls above the results: the smallest probability that is shown, and the order.

import { currentPlace, goTo } from "./address.js";
import { element } from "./dom.js";
import { score } from "./format.js";

const orders = [["relevance", "Best match"], ["newest", "Newest"], ["oldest", "Oldest"]];

/** Changes one thing of the search that is shown. */
function change(part) {
  goTo({ ...currentPlace(), view: "", ...part }, { replace: true });
}

/** The controls of a place; `showCut` sets the slider once the answer tells the cut that was used. */
export function resultControls(place) {
  const value = element("output", { for: "cut" });
  const slider = element("input", {
    id: "cut", type: "range", min: 0, max: 100, step: 1, value: 0,
    oninput: () => showCut(slider.value / 100),
    onchange: () => change({ min: slider.value / 100 }),
  });
  const showCut = (cut) => {
    cutControl.hidden = false;
    slider.value = Math.round(cut * 100);
    slider.style.setProperty("--filled", `${cut * 100}%`);
    value.textContent = cut === 0 ? "0" : score(cut, !place.q);
    slider.setAttribute("aria-valuetext", value.textContent);
  };

  const reset = place.min !== null && element("button", {
    class: "link", type: "button", title: "Back to the usual cut", onclick: () => change({ min: null }),
  }, "default");
  const order = element("select", { id: "order", onchange: () => change({ sort: order.value }) },
    orders.map(([name, label]) => element("option", { value: name, selected: name === place.sort }, label)));
  const cutControl = element("div", { class: "control", hidden: true }, element("label", { for: "cut" }, "At least"), slider, value, reset);
  if (place.min !== null) showCut(place.min);
  const controls = element("div", { class: "controls" }, cutControl,
    element("div", { class: "control" }, element("label", { for: "order" }, "Sort"), order));
  return { controls, showCut };
}
