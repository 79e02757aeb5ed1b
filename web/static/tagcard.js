// One tag of the person's own: its likeliest images, its threshold, how far it is scored, and removing it.

import { changeTag, getTag, removeTag, search } from "./api.js";
import { announce, element } from "./dom.js";
import { count, images, percent } from "./format.js";
import { bar } from "./grid.js";
import { tagQuery } from "./panel.js";
import { searchFor } from "./searchbox.js";
import { errorLine, likeliest, thresholdSlider } from "./tagparts.js";

const pollEvery = 700; // ms, while the tag is being scored
const pictures = 12;

/** The card of a tag; `removed` is called when it has gone. */
export function tagCard(tag, removed) {
  const error = errorLine();
  const found = element("p", { class: "tag-found" });
  const progress = element("div", { class: "tag-progress" });
  const strip = likeliest();
  const standard = element("button", { class: "link", type: "button", title: "Back to the model’s own threshold", onclick: () => set({ threshold: null }) }, "default");
  const slider = thresholdSlider({
    oninput: (threshold) => strip.mark(threshold),
    onchange: (threshold) => set({ threshold }),
  });
  const remove = removal(tag, () => {
    card.remove();
    removed();
  }, error);
  const card = element("li", { class: "tag-card", "data-name": tag.name },
    element("div", { class: "tag-title" },
      element("h2", {}, element("button", { class: "link", type: "button", title: "Search", onclick: () => searchFor(tagQuery(tag.name)) }, tag.name)),
      found, remove),
    element("p", { class: "tag-descriptions" }, tag.descriptions.join(" · ")),
    progress, strip.element,
    element("div", { class: "control" }, slider.element, standard), error.element);

  const draw = () => {
    slider.show(tag.threshold);
    strip.mark(tag.threshold);
    standard.hidden = tag.default_threshold;
    found.textContent = `${count(tag.tagged)} of ${images(tag.scoring.images)}`;
    const { scored, images: all, complete } = tag.scoring;
    progress.hidden = complete;
    progress.replaceChildren(element("span", {}, `scored ${count(scored)} of ${images(all)}`), bar(scored / Math.max(all, 1)));
  };

  const set = (change) => error.of(async () => {
    tag = await changeTag(tag.name, change);
    draw();
    announce(`${tag.name}: ${images(tag.tagged)} over ${percent(tag.threshold)}`);
  });

  const showPictures = () => error.of(async () => {
    const answer = await search({ query: tagQuery(tag.name), min_probability: 0, limit: pictures });
    strip.show(answer.results);
    strip.mark(tag.threshold);
  });

  const follow = () => error.of(async () => {
    while (!tag.scoring.complete) {
      await new Promise((done) => { setTimeout(done, pollEvery); });
      if (!card.isConnected) return;
      tag = await getTag(tag.name);
      draw();
    }
    await showPictures();
  });

  draw();
  follow();
  return card;
}

/** A button that removes the tag when it is pressed a second time. */
function removal(tag, done, error) {
  const button = element("button", {
    class: "link remove-tag", type: "button",
    onclick: () => {
      if (button.dataset.sure) {
        error.of(async () => {
          await removeTag(tag.name);
          done();
        });
        return;
      }
      button.dataset.sure = "yes";
      button.textContent = "Really remove?";
    },
    onblur: () => {
      delete button.dataset.sure;
      button.textContent = "Remove";
    },
  }, "Remove");
  return button;
}
