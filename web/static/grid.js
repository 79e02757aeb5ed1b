// The grid of images: rows of equal height made by CSS alone from each image's own proportions, so nothing moves when a
// picture arrives.

import { currentPlace, goTo, placeURL } from "./address.js";
import { element } from "./dom.js";
import { fileName, score } from "./format.js";
import { picture, thumbnailFor } from "./pictures.js";
import { problemNotice } from "./problem.js";

const skeletonShapes = [1.5, 0.8, 1.33, 1.5, 1, 1.78, 0.75, 1.5, 1.33, 1.5, 0.7, 1.5, 1, 1.33];

/** A bar as long as the probability. The figure stands beside it, so it is hidden from screen readers. */
export function bar(probability) {
  return element("span", { class: "bar", "aria-hidden": "true" },
    element("span", { style: { width: `${Math.max(probability * 100, 0.5)}%` } }));
}

function label(hit) {
  const parts = [fileName(hit.path)];
  if (hit.probability !== undefined) {
    parts.push(`${hit.similarity ? "similarity" : "probability"} ${score(hit.probability, hit.similarity)}`);
  }
  if (hit.tags?.length) parts.push(hit.tags.slice(0, 3).map((tag) => tag.name).join(", "));
  return parts.join("; ");
}

/** A link to an image's enlarged view. */
export function enlargingLink(id, label, ...children) {
  return element("a", {
    href: placeURL({ ...currentPlace(), view: id }),
    "aria-label": label,
    "data-id": id,
    onclick: (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab or window, as the person wishes
      event.preventDefault();
      goTo({ ...currentPlace(), view: id });
    },
  }, ...children);
}

function tile(hit, rowHeight) {
  const ratio = hit.width / hit.height || 1;
  const scored = hit.probability !== undefined;
  const link = enlargingLink(hit.id, label(hit),
    element("span", { class: "frame" },
      picture(thumbnailFor(hit.id, Math.min(ratio, 2.4) * rowHeight * 1.2)),
      scored && element("span", { class: "badge" }, score(hit.probability, hit.similarity)),
      scored && bar(hit.probability)),
    element("span", { class: "caption" },
      element("span", { class: "name" }, fileName(hit.path)),
      element("span", { class: "tags" }, (hit.tags ?? []).slice(0, 3).map((tag) => tag.name).join(" · "))));
  return element("li", { class: "tile", style: { "--ratio": ratio.toFixed(4) } }, link);
}

/** Grey shapes while the first page is under way. */
export function skeleton() {
  return element("ul", { class: "grid skeleton", "aria-hidden": "true" },
    skeletonShapes.map((ratio) => element("li", { class: "tile", style: { "--ratio": ratio } },
      element("span", { class: "frame" }), element("span", { class: "caption" }))));
}

/** Draws a collection whose first page is loaded, and the pages that follow when the reader comes near the end. */
export class Grid {
  constructor(collection) {
    this.collection = collection;
    this.list = element("ul", { class: "grid", role: "list" });
    this.moreButton = element("button", { class: "button more", type: "button", onclick: () => this.#more() }, "Show more");
    this.element = element("div", {}, this.list, this.moreButton);
    this.nearEnd = new IntersectionObserver(([entry]) => entry.isIntersecting && this.#more(), { rootMargin: "900px" });
    this.draw();
    this.nearEnd.observe(this.moreButton);
  }

  /** Draws the images that are not drawn yet; the enlarged view may have loaded them. */
  draw() {
    const { items, complete } = this.collection;
    this.list.classList.toggle("few", complete && items.length <= 6);
    const rowHeight = items.length <= 6 ? 300 : 180; // CSS pixels, as in grid.css
    this.list.append(...items.slice(this.list.children.length).map((hit) => tile(hit, rowHeight)));
    this.moreButton.hidden = complete;
  }

  async #more() {
    this.moreButton.disabled = true;
    try {
      await this.collection.more();
      this.draw();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.nearEnd.disconnect(); // from here on the button is pressed by hand
      this.moreButton.before(problemNotice(error));
    }
    this.moreButton.disabled = false;
    if (this.collection.complete) this.nearEnd.disconnect();
    else this.#observeAgain();
  }

  /** An observer reports changes only: a short page leaves the button in sight and would never be reported again. */
  #observeAgain() {
    if (this.element.querySelector(".notice")) return;
    this.nearEnd.unobserve(this.moreButton);
    this.nearEnd.observe(this.moreButton);
  }

  /** Moves the focus to an image, for when the enlarged view closes. */
  focus(id) {
    const link = this.list.querySelector(`a[data-id="${CSS.escape(id)}"]`);
    link?.focus({ preventScroll: true });
    link?.scrollIntoView({ block: "nearest" });
  }
}
