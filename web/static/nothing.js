// "Nothing matches": an answer like any other, with the image that came nearest and the way to see it all the same.

import { currentPlace, goTo } from "./address.js";
import { element } from "./dom.js";
import { fileName, images, score } from "./format.js";
import { bar, enlargingLink } from "./grid.js";
import { picture, thumbnailFor } from "./pictures.js";

/** The notice for an answer without results; `subject` names what was asked ("" for an image). */
export function nothingMatches(subject, { searched, nearest_rejected: nearest, min_probability: cut }) {
  const { images: total, decoded } = searched;
  const reason = total === 0 ? "There is no image to search in." : `None of ${images(total)} reaches ${score(cut, !subject)}.`;
  const someUnseen = decoded > 0 && decoded < total && !currentPlace().all;
  return element("div", { class: "notice nothing" },
    element("h2", {}, "Nothing matches", subject && [" ", element("q", {}, subject)]),
    element("p", {}, reason),
    nearest && nearestRejected(nearest, !subject),
    someUnseen && element("button", {
      class: "button", type: "button", onclick: () => goTo({ ...currentPlace(), all: true }),
    }, `Look closely at all ${images(total)}`));
}

function nearestRejected({ id, path, probability }, similarity) {
  const asLikely = Math.floor(probability * 1e4) / 1e4;
  return element("div", { class: "nearest" },
    enlargingLink(id, `Enlarge ${fileName(path)}`, picture(thumbnailFor(id, 160), { eager: true })),
    element("div", {},
      element("p", { class: "nearest-title" }, "The nearest image"),
      element("p", { class: "name" }, fileName(path)),
      element("p", { class: "probability" }, bar(probability), score(probability, similarity)),
      element("button", {
        class: "button", type: "button", onclick: () => goTo({ ...currentPlace(), min: asLikely }),
      }, "Show anyway")));
}
