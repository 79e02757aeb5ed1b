// The answer to a search: how many images match, the controls that narrow it, the grid, and "nothing matches" when that is
// the answer.

import { search } from "./api.js";
import { currentPlace, goTo } from "./address.js";
import { Collection } from "./collection.js";
import { announce, byID, element } from "./dom.js";
import { count, duration, fileName, images, percent } from "./format.js";
import { bar, Grid, skeleton } from "./grid.js";
import { givenImage } from "./imagequery.js";
import { picture, thumbnailFor } from "./pictures.js";
import { problemNotice } from "./problem.js";

const pageSize = 60;
const skeletonDelay = 120; // ms: an answer that comes sooner shows no skeleton

/** The body of POST /v1/search for a place. */
function requestFor(place, cursor) {
  const subject = place.image ? { image: givenImage(place.image).base64 }
    : place.like ? { image_id: place.like }
    : { query: place.q };
  return {
    ...subject,
    limit: pageSize,
    sort: place.sort,
    ...(cursor ? { cursor } : {}),
    ...(place.min !== null ? { min_probability: place.min } : {}),
    ...(place.all ? { exhaustive: true } : {}),
  };
}

/** Searches for what the place names and shows the answer; gives the search for as long as it is shown. */
export function showResults(place, defaultCut) {
  const root = byID("results");
  const shown = { grid: null, collection: null };
  if (place.image && !givenImage(place.image)) {
    root.replaceChildren(lostImage());
    return shown;
  }

  let answer = null; // the first page's; its counts and times are those of the whole search
  shown.collection = new Collection(async (cursor, signal) => {
    const page = await search(requestFor(place, cursor), signal);
    answer ??= page;
    return { images: page.results, cursor: page.next_cursor };
  });

  const head = element("div", { class: "results-head" });
  const summary = element("p", { class: "summary" });
  const body = element("div", { class: "results-body" });
  const subject = subjectOf(place);
  head.append(element("div", { class: "asked" }, subject, summary), controls(place, defaultCut));
  root.replaceChildren(head, body);
  const waiting = setTimeout(() => {
    body.replaceChildren(skeleton());
    summary.textContent = "Searching…";
  }, skeletonDelay);

  const draw = () => {
    if (answer.results.length === 0) {
      summary.textContent = summaryOf(place, answer, shown.collection);
      body.replaceChildren(nothingMatches(place, answer, defaultCut));
    } else {
      const update = () => {
        summary.textContent = summaryOf(place, answer, shown.collection);
      };
      shown.grid = new Grid(shown.collection, { onGrow: update });
      update();
      body.replaceChildren(shown.grid.element);
    }
    announce(answer.results.length === 0 ? "Nothing matches." : summary.textContent);
  };

  shown.ready = shown.collection.more().then(draw).catch((error) => {
    if (error.name === "AbortError") return;
    summary.textContent = "";
    body.replaceChildren(problemNotice(error, searchAgain));
  }).finally(() => clearTimeout(waiting));
  return shown;
}

function searchAgain() {
  goTo(currentPlace(), { replace: true, again: true });
}

/** "12 of 3,410 images match · 41 ms · 200 decoded". */
function summaryOf(place, answer, collection) {
  const n = collection.items.length;
  const total = images(answer.searched.images);
  const verb = place.q ? (n === 1 && collection.complete ? "matches" : "match") : "similar";
  const found = n === 0 ? `None of ${total}` : `${count(n)}${collection.complete ? "" : "+"} of ${total} ${verb}`;
  return [found, duration(answer.took_ms.total), `${count(answer.searched.decoded)} decoded`].join(" · ");
}

/** What was searched for, when it is an image: a text stands in the search box already. */
function subjectOf(place) {
  if (place.q) return null;
  const given = givenImage(place.image);
  const img = given ? element("img", { src: given.preview, alt: "" }) : picture(thumbnailFor(place.like, 128), { eager: true });
  return element("div", { class: "subject" }, img, element("p", {}, given ? `Like ${given.name || "your image"}` : "Similar images"));
}

function controls(place, defaultCut) {
  const cut = place.min ?? defaultCut ?? 0;
  const value = element("output", { for: "cut" }, place.min === null && defaultCut === null ? "default" : percent(cut));
  const slider = element("input", {
    id: "cut", type: "range", min: 0, max: 100, step: 1, value: Math.round(cut * 100), style: { "--filled": `${cut * 100}%` },
    oninput: () => {
      value.textContent = percent(slider.value / 100);
      slider.style.setProperty("--filled", `${slider.value}%`);
    },
    onchange: () => goTo({ ...currentPlace(), min: slider.value / 100, view: "" }, { replace: true }),
  });
  const reset = place.min !== null && element("button", {
    class: "link", type: "button", onclick: () => goTo({ ...currentPlace(), min: null, view: "" }, { replace: true }),
  }, "model default");
  const order = element("select", {
    id: "order", onchange: () => goTo({ ...currentPlace(), sort: order.value, view: "" }, { replace: true }),
  }, [["relevance", "Best match"], ["newest", "Newest"], ["oldest", "Oldest"]].map(([name, label]) =>
    element("option", { value: name, selected: name === place.sort }, label)));
  return element("div", { class: "controls" },
    element("div", { class: "control" }, element("label", { for: "cut" }, "At least"), slider, value, reset),
    element("div", { class: "control" }, element("label", { for: "order" }, "Sort"), order));
}

function nothingMatches(place, answer, defaultCut) {
  const nearest = answer.nearest_rejected;
  const cut = place.min ?? defaultCut;
  const bound = cut === null ? "the model’s own cut" : percent(cut);
  const lookedAt = answer.searched.images === 0 ? "There are no images to search."
    : `None of ${images(answer.searched.images)} reaches ${bound}.`;
  const everything = answer.searched.decoded > 0 && answer.searched.decoded < answer.searched.images && !place.all;
  return element("div", { class: "notice nothing" },
    element("h2", {}, "Nothing matches", place.q && [" ", element("q", {}, place.q)]),
    element("p", {}, lookedAt),
    nearest && nearestRejected(nearest),
    everything && element("button", {
      class: "button", type: "button", onclick: () => goTo({ ...currentPlace(), all: true }),
    }, `Look closely at all ${images(answer.searched.images)}`));
}

/** The image that came nearest, with the way to see it and everything as likely. */
function nearestRejected(nearest) {
  const asLikely = Math.floor(nearest.probability * 1e4) / 1e4;
  return element("div", { class: "nearest" },
    picture(thumbnailFor(nearest.id, 160), { eager: true }),
    element("div", {},
      element("p", { class: "nearest-title" }, "The nearest image"),
      element("p", { class: "name" }, fileName(nearest.path)),
      element("p", { class: "probability" }, bar(nearest.probability), percent(nearest.probability)),
      element("button", {
        class: "button", type: "button", onclick: () => goTo({ ...currentPlace(), min: asLikely }),
      }, "Show anyway")));
}

function lostImage() {
  return element("div", { class: "notice" },
    element("h2", {}, "That image is no longer here"),
    element("p", {}, "An image to search by stays in this tab only until the page is loaded again. Drop, paste or pick it once more."),
    element("button", { class: "button", type: "button", onclick: () => byID("image-file").click() }, "Pick an image"));
}
