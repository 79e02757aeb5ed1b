// Errors as people read them: what, why, and what to do.

import { element } from "./dom.js";

/** Whether the same request may succeed a little later: no answer came, or the server is at fault. */
function mayPass({ status = 0 }) {
  return status === 0 || status >= 500;
}

/** A notice for an error. A detail of several lines (a query with a caret below it) keeps its lines and columns. */
export function problemNotice(error, retry) {
  const detail = error.detail ?? String(error);
  const [first, ...rest] = detail.split("\n");
  return element("div", { class: "notice problem", role: "alert" },
    element("h2", {}, error.title || "Something went wrong"),
    first !== error.title && element("p", {}, first),
    rest.length > 0 && element("pre", {}, rest.join("\n")),
    error.hint && element("p", { class: "hint" }, error.hint),
    error.code && element("p", { class: "code" }, error.code),
    retry && mayPass(error) && element("button", { class: "button", type: "button", onclick: retry }, "Try again"));
}
