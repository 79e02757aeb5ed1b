// The page follows its address: every change of place comes through here.

import { currentPlace, onPlaceChange, searchOf } from "./address.js";
import { byID } from "./dom.js";
import { showHome } from "./home.js";
import { startImageQueries } from "./imagequery.js";
import { showResults } from "./results.js";
import { showQuery, startSearchBox } from "./searchbox.js";
import { hideViewer, showViewer, startViewer } from "./viewer.js";

let source = null; // what the search or start page shows: {collection, grid, ready}
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
  const searching = Boolean(place.q || place.like || place.image);
  byID("home").hidden = searching;
  byID("results").hidden = !searching;
  byID(searching ? "home" : "results").replaceChildren();
  source = searching ? showResults(place) : showHome();
  showQuery(place.q);
  document.title = place.q ? `${place.q} – Sightline` : "Sightline";
  scrollTo(0, 0);
}

startSearchBox();
startImageQueries();
startViewer();
onPlaceChange((event) => show(event.detail ?? {}));
show();
