// The form for a new tag: a name, what it stands for, and what it would find.

import { addTag, previewTag } from "./api.js";
import { element } from "./dom.js";
import { count, images } from "./format.js";
import { errorLine, likeliest, thresholdSlider } from "./tagparts.js";

const pictures = 12;
const counted = 1000; // likeliest images that are counted while the threshold moves

/** The form; `added` gets the tag. */
export function tagForm(added) {
  const name = element("input", { id: "tag-name", maxlength: 100, required: true, autocomplete: "off", placeholder: "birthday party" });
  const texts = element("textarea", { id: "tag-descriptions", rows: 3, placeholder: "people around a cake with candles\nballoons in a room" });
  const error = errorLine();
  const preview = previewPart();
  const body = () => ({ name: name.value, descriptions: texts.value.split("\n").map((line) => line.trim()).filter(Boolean) });

  const look = () => error.of(async () => {
    preview.show(await previewTag({ ...body(), limit: counted }));
  });
  const add = () => error.of(async () => {
    added(await addTag({ ...body(), ...preview.threshold() }));
    form.reset();
    preview.hide();
    name.focus();
  });
  const form = element("form", {
    class: "tag-form", id: "tag-form",
    onsubmit: (event) => {
      event.preventDefault();
      (event.submitter?.value === "preview" ? look : add)();
    },
  },
  element("label", { for: "tag-name" }, "Name"), name,
  element("label", { for: "tag-descriptions" }, "What it looks like, one description a line"), texts,
  element("div", { class: "actions" },
    element("button", { class: "button", type: "submit", value: "preview" }, "Preview"),
    element("button", { class: "button primary", type: "submit", value: "add" }, "Add tag")),
  error.element, preview.element);
  return form;
}

/** What a tag would find, and a threshold to try. */
function previewPart() {
  let shown = null; // the last preview
  let moved = false;
  const strip = likeliest();
  const found = element("p", { class: "tag-found" });
  const tell = (threshold) => {
    strip.mark(threshold);
    const over = shown.results.filter((hit) => hit.probability > threshold).length;
    const all = over === shown.results.length && over < shown.decoded;
    found.textContent = `${all ? "at least " : ""}${count(over)} of ${images(shown.images)}`;
  };
  const slider = thresholdSlider({
    oninput: (threshold) => {
      moved = true;
      tell(threshold);
    },
  });
  const part = element("div", { class: "tag-preview", hidden: true }, strip.element, element("div", { class: "control" }, slider.element, found));
  return {
    element: part,
    show: (preview) => {
      shown = preview;
      part.hidden = false;
      strip.show(preview.results.slice(0, pictures));
      if (!moved) slider.show(preview.threshold);
      tell(slider.value());
    },
    hide: () => {
      part.hidden = true;
      moved = false;
    },
    threshold: () => (moved ? { threshold: slider.value() } : {}),
  };
}
