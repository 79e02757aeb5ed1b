// What the cards of tags and the form for a new one share: the strip of likeliest images, the threshold, errors.

import { element } from "./dom.js";
import { fileName, percent } from "./format.js";
import { enlargingLink } from "./grid.js";
import { picture, thumbnailFor } from "./pictures.js";

const side = 112; // CSS pixels of a picture, as in tags.css

/** A strip of images, likeliest first; `mark` fades those that are not over a threshold. */
export function likeliest() {
  const list = element("ul", { class: "likeliest", role: "list" });
  let hits = [];
  const show = (found) => {
    hits = found;
    list.replaceChildren(...hits.map((hit) => element("li", {},
      enlargingLink(hit.id, `${fileName(hit.path)}; probability ${percent(hit.probability)}`,
        picture(thumbnailFor(hit.id, side)),
        element("span", { class: "badge" }, percent(hit.probability))))));
  };
  const mark = (threshold) => {
    hits.forEach((hit, i) => list.children[i].classList.toggle("under", hit.probability <= threshold));
  };
  return { element: list, show, mark };
}

let sliders = 0;

/** A slider for a threshold in whole percents; the callbacks get it as 0..1. */
export function thresholdSlider({ oninput, onchange = () => {} }) {
  const id = `threshold-${++sliders}`;
  const value = element("output", { for: id });
  const slider = element("input", {
    id, type: "range", min: 0, max: 100, step: 1,
    oninput: () => {
      write(slider.value / 100);
      oninput(slider.value / 100);
    },
    onchange: () => onchange(slider.value / 100),
  });
  const write = (threshold) => {
    value.textContent = `${Math.round(threshold * 100)} %`;
    slider.style.setProperty("--filled", `${threshold * 100}%`);
    slider.setAttribute("aria-valuetext", value.textContent);
  };
  const show = (threshold) => {
    slider.value = Math.round(threshold * 100);
    write(threshold);
  };
  return { element: element("div", { class: "control" }, element("label", { for: id }, "Threshold"), slider, value), show, value: () => slider.value / 100 };
}

/** A line for the error of what was tried last; `of` runs something and shows what went wrong. */
export function errorLine() {
  const line = element("p", { class: "tag-error", role: "alert", hidden: true });
  const of = async (work) => {
    line.hidden = true;
    try {
      await work();
    } catch (error) {
      if (error.name === "AbortError") return;
      line.textContent = [error.detail || error.message, error.hint].filter(Boolean).join(" – ");
      line.hidden = false;
    }
  };
  return { element: line, of };
}
