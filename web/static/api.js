// The HTTP API: one function a call, the key, and errors as the server words them.

import { askForKey, currentKey, forgetKey } from "./key.js";

/** An error with the fields of a problem document (RFC 9457). */
export class Problem extends Error {
  constructor({ status = 0, code = "", title = "", detail = "", hint = "", param = "" }) {
    super(detail || title);
    Object.assign(this, { status, code, title, detail, hint, param });
  }
}

/** Addresses are relative to the page, so that it also works below a path of a proxy. */
function address(path, parameters = {}) {
  const url = new URL(`v1/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(parameters)) {
    if (value != null && value !== "") url.searchParams.set(name, value);
  }
  return url.href;
}

async function toProblem(response) {
  let document = {};
  try {
    document = await response.json();
  } catch {
    // A proxy's own error page: the status says enough.
  }
  const title = document.title || `The server answered ${response.status} ${response.statusText}`.trim();
  return new Problem({ ...document, title, status: response.status });
}

async function send(url, options) {
  const key = currentKey();
  const headers = { ...options.headers, ...(key ? { "X-Api-Key": key } : {}) };
  try {
    return await fetch(url, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({
      title: "Sightline cannot be reached",
      detail: "The server did not answer.",
      hint: "Check that “sightline serve” is running and that this device is online.",
    });
  }
}

/** Fetches with the key; asks for one when the server wants it. */
export async function request(url, options = {}) {
  for (;;) {
    const used = currentKey();
    const response = await send(url, options);
    if (response.status === 401) {
      if (used === currentKey()) forgetKey();
      await askForKey(Boolean(used));
      continue;
    }
    if (!response.ok) throw await toProblem(response);
    return response;
  }
}

async function requestJSON(url, options) {
  return (await request(url, options)).json();
}

function withBody(method, body) {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

/** One page of results. The body is that of POST /v1/search. */
export function search(body, signal) {
  return requestJSON(address("search"), { ...withBody("POST", body), signal });
}

/** One page of the library, newest first. */
export function newestImages(cursor, limit, signal) {
  return requestJSON(address("images", { sort: "newest", cursor, limit }), { signal });
}

/** Everything known of one image. */
export function imageDetails(id, signal) {
  return requestJSON(address(`images/${id}`), { signal, priority: "high" });
}

/** The library in figures. */
export function stats(signal) {
  return requestJSON(address("stats"), { signal });
}

/** The tags that the person has added. */
export function listTags() {
  return requestJSON(address("tags", { user: true }));
}

export function getTag(name) {
  return requestJSON(address(`tags/${encodeURIComponent(name)}`));
}

/** Adds a tag; its images are scored in the background. */
export function addTag(body) {
  return requestJSON(address("tags"), withBody("POST", body));
}

/** Changes a tag's threshold or descriptions. */
export function changeTag(name, body) {
  return requestJSON(address(`tags/${encodeURIComponent(name)}`), withBody("PATCH", body));
}

export function removeTag(name) {
  return request(address(`tags/${encodeURIComponent(name)}`), { method: "DELETE" });
}

/** What a tag would find; nothing is stored. */
export function previewTag(body) {
  return requestJSON(address("tags/preview"), withBody("POST", body));
}

export function fileURL(id) {
  return address(`images/${id}/file`);
}

/** A small copy, `width` pixels wide at most. */
export function thumbnailURL(id, width) {
  return address(`images/${id}/thumbnail`, { w: width });
}
