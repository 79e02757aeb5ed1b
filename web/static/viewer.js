// The enlarged view: one image with everything known of it, and the way to its neighbours.

import { currentPlace, goTo } from "./address.js";
import { fileURL, imageDetails, thumbnailURL } from "./api.js";
import { byID, element } from "./dom.js";
import { fileName } from "./format.js";
import { imagePanel } from "./panel.js";
import { picture, thumbnailFor } from "./pictures.js";
import { problemNotice } from "./problem.js";

// What browsers show themselves; a TIFF is shown as a copy.
const shownByBrowsers = new Set(["jpeg", "png", "gif", "webp", "bmp"]);
const swipeDistance = 56; // CSS pixels

const dialog = byID("viewer");
const stage = byID("stage");
const panel = byID("panel");
let shown = null; // {id, source}: the image, and the {collection, grid} it was opened from
let loading = new AbortController();

/** Shows the image; `source` is the search or start page that it belongs to. */
export function showViewer(id, source) {
  if (dialog.open && shown?.id === id && shown.source === source) return;
  const opening = !dialog.open;
  shown = { id, source };
  loading.abort();
  loading = new AbortController();
  draw();
  if (opening) {
    dialog.showModal();
    dialog.focus(); // not the close button: the Enter key that opened the view would press it as well
  }
  document.documentElement.classList.add("viewing");
  if (placeOf(shown) >= 0) return;
  source.ready?.then(() => { // the search that it belongs to has arrived: why it matches, and its neighbours
    if (shown?.id === id && shown.source === source && placeOf(shown) >= 0) draw();
  });
}

/** Where the image stands in its search, or -1. */
function placeOf({ id, source }) {
  return source.collection?.indexOf(id) ?? -1;
}

/** Closes the view and leaves the focus on the image that was shown last. */
export function hideViewer() {
  if (!dialog.open) return;
  loading.abort();
  dialog.close();
  document.documentElement.classList.remove("viewing");
  stage.replaceChildren();
  panel.replaceChildren();
  const { id, source } = shown;
  shown = null;
  source.grid?.draw();
  source.grid?.focus(id);
}

function leave() {
  if (history.state?.within) history.back();
  else goTo({ ...currentPlace(), view: "" }, { replace: true });
}

async function step(by) {
  const { id, source: { collection } } = shown;
  const index = placeOf(shown);
  if (index < 0 || index + by < 0) return;
  if (index + by >= collection.items.length) await collection.more().catch(() => []);
  const next = collection.items[index + by];
  if (next && shown?.id === id) goTo({ ...currentPlace(), view: next.id }, { replace: true });
}

function draw() {
  const { id, source } = shown;
  const hit = source.collection?.items[placeOf(shown)];
  const small = enlarged(thumbnailFor(id, 512), hit);
  stage.replaceChildren(small);
  panel.replaceChildren(...(hit ? imagePanel(hit, hit) : [element("h2", { id: "viewer-title" }, "Image")]));
  panel.scrollTop = 0;
  showSteps();
  imageDetails(id, loading.signal).then((details) => {
    panel.replaceChildren(...imagePanel(details, hit));
    fit(small, details);
    sharpen(small, details);
  }).catch((error) => {
    if (error.name !== "AbortError") panel.append(problemNotice(error));
  });
}

/** A picture of the stage. */
function enlarged(address, facts) {
  const img = picture(address, { alt: facts ? fileName(facts.path) : "", eager: true, urgent: true });
  img.classList.add("large");
  if (facts) fit(img, facts);
  return img;
}

/** Gives the picture its place before it arrives. */
function fit(img, { width, height }) {
  img.style.setProperty("--width", width);
  img.style.setProperty("--height", height);
}

/** Puts the file itself in the place of its small copy as soon as it is there. */
function sharpen(small, details) {
  const large = enlarged(shownByBrowsers.has(details.format) ? fileURL(details.id) : thumbnailURL(details.id, 2048), details);
  large.addEventListener("load", () => small.replaceWith(large), { once: true });
}

/** Shows the ways to the neighbours that there are. */
function showSteps() {
  const { collection } = shown.source;
  const index = placeOf(shown);
  byID("previous-image").hidden = index <= 0;
  byID("next-image").hidden = index < 0 || (index === collection.items.length - 1 && collection.complete);
}

export function startViewer() {
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault(); // the address closes it
    leave();
  });
  byID("close-viewer").addEventListener("click", leave);
  byID("previous-image").addEventListener("click", () => step(-1));
  byID("next-image").addEventListener("click", () => step(1));
  stage.addEventListener("click", (event) => {
    if (event.target === stage) leave(); // beside the picture
  });
  // On the document: the focus may be lost when the button that had it disappears at an end.
  document.addEventListener("keydown", (event) => {
    if (!dialog.open || event.target.closest("input") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  startSwipes();
}

function startSwipes() {
  let start = null;
  stage.addEventListener("touchstart", (event) => {
    start = event.touches.length === 1 ? event.touches[0] : null;
  }, { passive: true });
  stage.addEventListener("touchend", (event) => {
    if (!start) return;
    const end = event.changedTouches[0];
    const across = end.clientX - start.clientX;
    const down = end.clientY - start.clientY;
    start = null;
    if (Math.abs(across) > swipeDistance && Math.abs(across) > Math.abs(down)) step(across < 0 ? 1 : -1);
    else if (down > swipeDistance * 1.5) leave();
  }, { passive: true });
}
