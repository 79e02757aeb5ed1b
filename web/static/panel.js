// The text beside an enlarged image: why it matches, its tags, its facts, and what can be done with it.

import { goTo } from "./address.js";
import { fileURL } from "./api.js";
import { element, icon } from "./dom.js";
import { bytes, dimensions, fileName, folder, moment, percent } from "./format.js";
import { bar } from "./grid.js";
import { openOriginal } from "./pictures.js";
import { searchFor } from "./searchbox.js";

/**
 * The parts of the panel. `details` is what is known of the image: all of /v1/images/{id}, or less of it while that is
 * under way. `hit` is the image as the search found it, undefined when no search did.
 */
export function imagePanel(details, hit) {
  return [
    element("h2", { id: "viewer-title" }, fileName(details.path)),
    element("p", { class: "folder" }, folder(details.path)),
    actions(details),
    hit?.probability !== undefined && match(hit),
    tags(details.tags ?? []),
    facts(details),
  ].filter(Boolean);
}

function actions({ id }) {
  return element("div", { class: "actions" },
    element("button", { class: "button", type: "button", id: "similar", onclick: () => goTo({ like: id }) },
      icon("similar"), "Similar images"),
    element("a", { class: "button", href: fileURL(id), target: "_blank", rel: "noopener", onclick: (event) => openOriginal(event, id) },
      icon("open"), "Open original"));
}

function row(name, probability) {
  return element("li", { class: "score" },
    element("span", { class: "score-name" }, name),
    element("span", { class: "score-value" }, percent(probability)),
    bar(probability));
}

/** The probability of the whole query, and of each of its terms when there are several. */
function match({ probability, terms }) {
  const several = (terms ?? []).length > 1;
  const whole = several || !terms?.length ? "whole query" : terms[0].text;
  return element("section", { class: "match" },
    element("h3", {}, "Probability"),
    element("ul", { class: "scores" },
      row(whole, probability),
      several && terms.map((term) => row(term.text, term.probability))));
}

/** The query that finds a tag: names with spaces stand in quotes. */
export function tagQuery(name) {
  return /^[\p{L}\p{N}_-]+$/u.test(name) ? `tag:${name}` : `tag:"${name}"`;
}

function tags(scored) {
  return element("section", {},
    element("h3", {}, "Tags"),
    scored.length === 0 && element("p", { class: "none" }, "No tag of the model reaches its threshold."),
    element("ul", { class: "scores" }, scored.map(({ name, probability }) => element("li", { class: "score" },
      element("button", { class: "score-name link", type: "button", title: `Search ${tagQuery(name)}`, onclick: () => searchFor(tagQuery(name)) }, name),
      element("span", { class: "score-value" }, percent(probability)),
      bar(probability)))));
}

function facts(details) {
  const paths = (details.files ?? [details]).map((file) => file.path);
  const known = [
    ["Size", dimensions(details.width, details.height)],
    ["File", details.format && `${details.format.toUpperCase()} · ${bytes(details.bytes)}`],
    ["Taken", moment(details.taken_at)],
    ["Camera", details.camera],
    ["Indexed", moment(details.indexed_at)],
    [paths.length > 1 ? `${paths.length} places` : "Path", paths.join("\n")],
  ];
  return element("section", {},
    element("h3", {}, "Details"),
    element("dl", { class: "facts" }, known.filter(([, value]) => value).map(([name, value]) =>
      [element("dt", {}, name), element("dd", {}, value)])));
}
