// The page before the first search: what there is, what can be asked, and the newest images.

import { newestImages, stats } from "./api.js";
import { goTo } from "./address.js";
import { Collection } from "./collection.js";
import { byID, element, icon } from "./dom.js";
import { bytes, count, images } from "./format.js";
import { Grid, skeleton } from "./grid.js";
import { problemNotice } from "./problem.js";
import { searchFor } from "./searchbox.js";

const pageSize = 60;
const indexCommand = "sightline index ~/Pictures";
const examples = ["a yellow flower", "a dog on grass", "people making music", "a bridge at night", "cat OR dog", "animal NOT bird", "tag:bird"];

/** Shows the start page; gives {collection, grid, ready} for the enlarged view. */
export function showHome() {
  const root = byID("home");
  const shown = { collection: null, grid: null, ready: null };
  shown.collection = new Collection(async (cursor, signal) => {
    const page = await newestImages(cursor, pageSize, signal);
    return { images: page.images, cursor: page.next_cursor };
  });
  const hero = element("div", { class: "hero" },
    element("h1", {}, "Find images by what is in them"),
    element("p", { class: "library" }, "\u00a0"),
    element("div", { class: "examples" }, examples.map((text) => element("button", {
      class: "chip", type: "button", onclick: () => searchFor(text),
    }, text))));
  const body = element("div", {}, skeleton());
  root.replaceChildren(hero, body);

  const draw = ([facts]) => {
    hero.querySelector(".library").textContent = libraryLine(facts);
    if (facts.images === 0) {
      root.replaceChildren(emptyIndex());
      return;
    }
    shown.grid = new Grid(shown.collection);
    body.replaceChildren(element("h2", { class: "section-title" }, "Newest"), shown.grid.element);
  };
  shown.ready = Promise.all([stats(), shown.collection.more()]).then(draw).catch((error) => {
    if (error.name === "AbortError") return;
    body.replaceChildren(problemNotice(error, lookAgain));
  });
  return shown;
}

function libraryLine(facts) {
  const parts = [images(facts.images)];
  if (facts.model?.labels) parts.push(`${count(facts.model.labels)} tags`);
  if (facts.bytes) parts.push(`index of ${bytes(facts.bytes)}`);
  return parts.join(" · ");
}

function lookAgain() {
  goTo({}, { replace: true, again: true });
}

function emptyIndex() {
  const copy = element("button", {
    class: "icon-button", type: "button", "aria-label": "Copy the command", title: "Copy",
    onclick: async () => {
      await navigator.clipboard.writeText(indexCommand);
      copy.classList.add("done");
    },
  }, icon("copy"));
  return element("div", { class: "notice empty" },
    element("h1", {}, "No images yet"),
    element("p", {}, "Add a folder to the index; this page shows it at once, also while the command is still running."),
    element("p", { class: "command" }, element("code", {}, indexCommand), copy),
    element("button", { class: "button primary", type: "button", onclick: lookAgain }, "Look again"));
}
