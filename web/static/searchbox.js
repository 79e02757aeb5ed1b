// The search box: Enter searches, "/" focuses it, the cross empties it.

import { currentPlace, goTo } from "./address.js";
import { byID } from "./dom.js";

const input = byID("query");
const clear = byID("clear-query");

/** Searches for a text in the present order, with the model's own cut; an empty text leads to the start page. */
export function searchFor(q) {
  goTo(q ? { q, sort: currentPlace().sort } : {});
}

/** Shows the text of the place that was gone to. */
export function showQuery(q) {
  input.value = q;
  clear.hidden = q === "";
}

export function startSearchBox() {
  byID("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    input.blur(); // puts the keyboard of a phone away
    searchFor(input.value.trim());
  });
  input.addEventListener("input", () => {
    clear.hidden = input.value === "";
  });
  clear.addEventListener("click", () => {
    showQuery("");
    input.focus();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, dialog");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
  for (const [link, place] of [["home-link", {}], ["tags-link", { tags: true }]]) {
    byID(link).addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      goTo(place);
    });
  }
}
