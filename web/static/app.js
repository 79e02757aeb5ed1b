// The page follows its address: every change of place comes through here.

import { currentPlace, onPlaceChange, searchOf } from "./address.js";
import { byID } from "./dom.js";
import { showHome } from "./home.js";
import { startImageQueries } from "./imagequery.js";
import { showResults } from "./results.js";
import { showQuery, startSearchBox } from "./searchbox.js";
import { showTags } from "./tags.js";
import { hideViewer, showViewer, startViewer } from "./viewer.js";

const parts = { home: showHome, results: showResults, tags: showTags };
let source = null; // what the part of the page that is shown shows: {collection, grid, ready}
let shownSearch = null;

function show({ again = false } = {}) {
  const place = currentPlace();
  if (again || searchOf(place) !== shownSearch) showSearch(place);
  if (place.view) showViewer(place.view, source);
  else hideViewer();
}

function showSearch(place) {
  source?.collection?.cancel();
  shownSearch = searchOf(place);
  const shown = partOf(place);
  for (const part of Object.keys(parts)) {
    byID(part).hidden = part !== shown;
    if (part !== shown) byID(part).replaceChildren();
  }
  source = parts[shown](place);
  showQuery(place.q);
  document.title = place.q ? `${place.q} – Sightline` : "Sightline";
  scrollTo(0, 0);
}

/** The part of the page that a place is on. */
function partOf({ q, like, image, tags }) {
  if (q || like || image) return "results";
  return tags ? "tags" : "home";
}

startSearchBox();
startImageQueries();
startViewer();
onPlaceChange((event) => show(event.detail ?? {}));
show();
