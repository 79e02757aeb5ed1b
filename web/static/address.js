// What the page shows, as its address says it: reloading, sharing a link and the back button all follow from that.

/**
 * @typedef {object} Place
 * @property {string} q      the query; "" for none
 * @property {string} like   id of an indexed image to find similar ones of; "" for none
 * @property {string} image number of an image that this tab was given (imagequery.js); "" for none
 * @property {?number} min   smallest probability shown; null for the model's default
 * @property {string} sort   "relevance", "newest" or "oldest"
 * @property {boolean} all   whether every image is decoded
 * @property {boolean} tags  whether it is the page of tags, when nothing is searched for
 * @property {string} view   id of the image that is enlarged; "" for none
 */

const orders = ["relevance", "newest", "oldest"];

/** @returns {Place} */
export function currentPlace() {
  const given = new URLSearchParams(location.search);
  const min = Number.parseFloat(given.get("min"));
  const sort = given.get("sort");
  return {
    q: (given.get("q") ?? "").trim(),
    like: given.get("like") ?? "",
    image: given.get("image") ?? "",
    min: min >= 0 && min <= 1 ? min : null,
    sort: orders.includes(sort) ? sort : "relevance",
    all: given.has("all"),
    tags: given.has("tags"),
    view: given.get("view") ?? "",
  };
}

/** The address of a place; what it leaves out is at its default. */
export function placeURL({ q = "", like = "", image = "", min = null, sort = "relevance", all = false, tags = false, view = "" }) {
  const parameters = new URLSearchParams();
  if (q) parameters.set("q", q);
  if (like) parameters.set("like", like);
  if (image) parameters.set("image", image);
  if (min !== null) parameters.set("min", String(min));
  if (sort !== "relevance") parameters.set("sort", sort);
  if (all) parameters.set("all", "");
  if (tags) parameters.set("tags", "");
  if (view) parameters.set("view", view);
  const text = parameters.toString();
  return text ? `?${text}` : "./";
}

/** What of a place decides the results: two places with the same value show the same search. */
export function searchOf(place) {
  return placeURL({ ...place, view: "" });
}

/**
 * Goes to a place. `replace` keeps the back button from stopping at the present one, `again` searches also when it is the
 * present one. The entry's state says whether this page made it, so that "back" stays within the page.
 */
export function goTo(place, { replace = false, again = false } = {}) {
  const method = replace ? "replaceState" : "pushState";
  history[method]({ within: !replace || Boolean(history.state?.within) }, "", placeURL(place));
  dispatchEvent(new CustomEvent("placechange", { detail: { again } }));
}

/** Calls back whenever the place has changed, by goTo or by the browser's buttons. */
export function onPlaceChange(callback) {
  addEventListener("placechange", callback);
  addEventListener("popstate", callback);
}
