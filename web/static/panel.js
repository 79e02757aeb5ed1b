// The text beside an enlarged image: why it matches, its tags, its facts, and what can be done with it.

import { goTo } from "./address.js";
import { fileURL } from "./api.js";
import { element, icon } from "./dom.js";
import { bytes, dimensions, fileName, folder, moment, percent, score } from "./format.js";
import { bar } from "./grid.js";
import { openOriginal } from "./pictures.js";
import { searchFor } from "./searchbox.js";

const tagsAtFirst = 15;

/**
 * The parts of the panel. `details` is what is known of the image: all of /v1/images/{id}, or less of it while that is
 * under way. `hit` is the image as the search found it, undefined when no search did.
 */
export function imagePanel(details, hit) {
  return [
    element("h2", { id: "viewer-title" }, fileName(details.path)),
    element("p", { class: "folder" }, folder(details.path)),
    actions(details),
    hit?.probability !== undefined && (hit.similarity ? similarity(hit) : match(hit)),
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

function row(name, value, text = percent(value)) {
  return element("li", { class: "score" },
    element("span", { class: "score-name" }, name),
    element("span", { class: "score-value" }, text),
    bar(value));
}

/** The probability of the whole query, and of each of its terms when there are several. */
function match({ probability, terms }) {
  const several = terms.length > 1;
  return element("section", { class: "match" },
    element("h3", {}, "Probability"),
    element("ul", { class: "scores" },
      row(several ? "whole query" : terms[0].text, probability),
      several && terms.map((term) => row(term.text, term.probability))));
}

function similarity({ probability }) {
  return element("section", { class: "match" },
    element("h3", {}, "Similarity"),
    element("ul", { class: "scores" }, row("to the image that was asked for", probability, score(probability, true))));
}

/** The query that finds a tag: names with spaces stand in quotes. */
export function tagQuery(name) {
  return /^[\p{L}\p{N}_-]+$/u.test(name) ? `tag:${name}` : `tag:"${name.replace(/[\\"]/g, "\\$&")}"`;
}

function tags(scored) {
  const list = element("ul", { class: "scores" }, scored.slice(0, tagsAtFirst).map(tagRow));
  const rest = scored.slice(tagsAtFirst);
  const more = element("button", {
    class: "link more-tags", type: "button",
    onclick: () => {
      list.append(...rest.map(tagRow));
      list.children[tagsAtFirst].querySelector("button").focus();
      more.remove();
    },
  }, `Show all ${scored.length} tags`);
  return element("section", {},
    element("h3", {}, "Tags"),
    scored.length === 0 && element("p", { class: "none" }, "No tag reaches its threshold."),
    list,
    rest.length > 0 && more);
}

function tagRow({ name, probability }) {
  const query = tagQuery(name);
  return row(element("button", { class: "link", type: "button", title: `Search ${query}`, onclick: () => searchFor(query) }, name), probability);
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
