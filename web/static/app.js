// The page follows its address: every change of place comes through here.

import { currentPlace, onPlaceChange, searchOf } from "./address.js";
import { stats } from "./api.js";
import { byID } from "./dom.js";
import { showHome } from "./home.js";
import { startImageQueries } from "./imagequery.js";
import { showResults } from "./results.js";
import { showQuery, startSearchBox } from "./searchbox.js";
import { hideViewer, showViewer, startViewer } from "./viewer.js";

let source = null; // the search or start page that is shown: {collection, grid, ready}
let shownSearch = null;
let defaultCut = null; // the model's own smallest probability; null while it is not known

async function library() {
  const facts = await stats();
  defaultCut = facts.model?.match_threshold ?? null;
  return facts;
}

function show({ again = false } = {}) {
  const place = currentPlace();
  const search = searchOf(place);
  if (again || search !== shownSearch) {
    source?.collection?.cancel();
    shownSearch = search;
    const searching = Boolean(place.q || place.like || place.image);
    byID("home").hidden = searching;
    byID("results").hidden = !searching;
    byID(searching ? "home" : "results").replaceChildren();
    source = searching ? showResults(place, defaultCut) : showHome(library);
    showQuery(place.q);
    if (!place.view) scrollTo(0, 0);
    document.title = place.q ? `${place.q} – Sightline` : "Sightline";
  }
  if (place.view) showViewer(place.view, source);
  else hideViewer();
}

startSearchBox();
startImageQueries();
startViewer();
onPlaceChange((event) => show(event.detail ?? {}));
library().catch(() => {}).finally(() => show()); // the start page or the search reports what is wrong
