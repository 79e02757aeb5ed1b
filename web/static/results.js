// The answer to a search: how many images match, and the grid; or that nothing does; or what went wrong.

import { currentPlace, goTo } from "./address.js";
import { search } from "./api.js";
import { Collection } from "./collection.js";
import { resultControls } from "./controls.js";
import { announce, byID, element } from "./dom.js";
import { count, duration, images } from "./format.js";
import { Grid, skeleton } from "./grid.js";
import { givenImage, givenImageBase64 } from "./imagequery.js";
import { nothingMatches } from "./nothing.js";
import { picture, thumbnailFor } from "./pictures.js";
import { problemNotice } from "./problem.js";

const pageSize = 60;
const skeletonDelay = 120; // ms: an answer that comes sooner shows no skeleton

/** The body of POST /v1/search for a place. */
async function requestFor({ q, like, image, min, sort, all }, cursor) {
  const body = { limit: pageSize, sort };
  if (image) body.image = await givenImageBase64(image);
  else if (like) body.image_id = like;
  else body.query = q;
  if (min !== null) body.min_probability = min;
  if (all) body.exhaustive = true;
  if (cursor) body.cursor = cursor;
  return body;
}

/** Searches for what the place names and shows the answer; gives {collection, grid, ready} for the enlarged view. */
export function showResults(place) {
  const root = byID("results");
  const shown = { collection: null, grid: null, ready: null };
  if (place.image && !givenImage(place.image)) {
    root.replaceChildren(lostImage());
    return shown;
  }
  const summary = element("p", { class: "summary" });
  const body = element("div");
  const { controls, showCut } = resultControls(place);
  root.replaceChildren(
    element("div", { class: "results-head" }, element("div", { class: "asked" }, askedImage(place), summary), controls), body);
  const waiting = setTimeout(() => {
    summary.textContent = "Searching…";
    body.replaceChildren(skeleton());
  }, skeletonDelay);

  let answer = null; // the first page's: its counts and times are those of the whole search
  shown.collection = new Collection(async (cursor, signal) => {
    const page = await search(await requestFor(place, cursor), signal);
    answer ??= page;
    return { images: page.results.map((hit) => scored(hit, place)), cursor: page.next_cursor };
  });
  shown.ready = shown.collection.more().then(() => {
    summary.textContent = summaryOf(answer, place);
    showCut(answer.min_probability);
    if (answer.matched) shown.grid = new Grid(shown.collection);
    body.replaceChildren(shown.grid ? shown.grid.element : nothingMatches(place.q, answer));
    announce(answer.matched ? summary.textContent : "Nothing matches.");
  }).catch((error) => {
    if (error.name === "AbortError") return;
    summary.textContent = "";
    body.replaceChildren(problemNotice(error, () => goTo(currentPlace(), { replace: true, again: true })));
  }).finally(() => clearTimeout(waiting));
  return shown;
}

/** Images found by an image have a similarity instead of a probability, those found by facts alone have neither. */
function scored(hit, { q }) {
  const { probability, ...unscored } = hit;
  return q && hit.terms.length === 0 ? unscored : { ...unscored, probability, similarity: !q };
}

/** "12 of 3,410 images match · 41 ms · 200 decoded", and which tags are still being scored. */
function summaryOf({ matches, searched, took_ms: took, unfinished_tags: unfinished = [] }, { q, sort }) {
  const found = `${matches === 0 ? "None" : count(matches)} of ${images(searched.images)}`;
  const verb = q ? ` match${matches === 1 ? "es" : ""}` : `, ${sort === "relevance" ? "most similar" : sort} first`;
  return [found + verb, duration(took.total), searched.decoded > 0 && `${count(searched.decoded)} decoded`,
    ...unfinished.map((tag) => `${tag.name} is scored on ${count(tag.scored)} of ${images(tag.images)} so far`)].filter(Boolean).join(" · ");
}

/** The image that was searched by. A text stands in the search box already. */
function askedImage({ like, image }) {
  if (!like && !image) return null;
  const given = givenImage(image);
  return element("div", { class: "subject" },
    given ? element("img", { class: "loaded", src: given.preview, alt: "" }) : picture(thumbnailFor(like, 128), { eager: true }),
    element("p", {}, given?.file.name ? `Images like ${given.file.name}` : "Images like this one"));
}

function lostImage() {
  return element("div", { class: "notice" },
    element("h2", {}, "That image is no longer here"),
    element("p", {}, "An image to search by stays in this tab only until the page is loaded again. Drop, paste or pick it once more."),
    element("button", { class: "button", type: "button", onclick: () => byID("image-file").click() }, "Pick an image"));
}
