// The page of the person's own tags: those that there are, and a new one.

import { listTags } from "./api.js";
import { Collection } from "./collection.js";
import { byID, element } from "./dom.js";
import { problemNotice } from "./problem.js";
import { tagCard } from "./tagcard.js";
import { tagForm } from "./tagform.js";

/** Shows the tags; gives {collection, grid, ready} for the enlarged view, which has no neighbours here. */
export function showTags() {
  const root = byID("tags");
  const list = element("ul", { class: "tag-cards", role: "list" });
  const none = element("p", { class: "none", hidden: true }, "You have no tags yet.");
  const count = () => {
    none.hidden = list.children.length > 0;
  };
  const put = (tag) => {
    list.querySelector(`[data-name="${CSS.escape(tag.name)}"]`)?.remove();
    list.prepend(tagCard(tag, count));
    count();
  };
  root.replaceChildren(
    element("div", { class: "tags-head" },
      element("h1", {}, "Your tags"),
      element("p", {}, "A tag is a name and what it stands for. Describe it in one way or in several: for every image, what fits it best counts most. It is then searched like the model’s own tags.")),
    tagForm(put), none, list);

  const shown = { collection: new Collection(async () => ({ images: [], cursor: null })), grid: null, ready: null };
  shown.ready = listTags().then(({ tags }) => {
    list.replaceChildren(...tags.map((tag) => tagCard(tag, count)));
    count();
  }).catch((error) => {
    list.replaceChildren(element("li", {}, problemNotice(error)));
  });
  return shown;
}
