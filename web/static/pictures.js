// Pictures of the API. Without a key the browser loads them itself; with one they are fetched with the key in a header,
// because <img> cannot send it, and shown from memory.

import { fileURL, request, thumbnailURL } from "./api.js";
import { currentKey } from "./key.js";

const widths = [256, 512, 1024]; // pixels; few, so that the server keeps few copies

/** The address of a small copy that is sharp at this many CSS pixels. */
export function thumbnailFor(id, cssWidth) {
  const wanted = cssWidth * Math.min(devicePixelRatio, 2);
  return thumbnailURL(id, widths.find((width) => width >= wanted) ?? widths.at(-1));
}

const whenNear = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    whenNear.unobserve(target);
    loadWithKey(target);
  }
}, { rootMargin: "600px" });

async function loadWithKey(img) {
  try {
    const url = URL.createObjectURL(await (await request(img.dataset.address, { priority: img.fetchPriority })).blob());
    img.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
    img.src = url;
  } catch {
    img.dispatchEvent(new Event("error"));
  }
}

/** Makes an <img> that loads when it comes near the screen, at once with `eager`, before others with `urgent`. */
export function picture(address, { alt = "", eager = false, urgent = false } = {}) {
  const img = new Image();
  img.alt = alt;
  if (urgent) img.fetchPriority = "high";
  img.decoding = "async";
  img.draggable = false;
  img.addEventListener("load", () => img.classList.add("loaded"));
  img.addEventListener("error", () => img.classList.add("broken"));
  if (!currentKey()) {
    img.loading = eager ? "eager" : "lazy";
    img.src = address;
    return img;
  }
  img.dataset.address = address;
  if (eager) loadWithKey(img);
  else whenNear.observe(img);
  return img;
}

/** Opens an image's own file in a new tab. */
export async function openOriginal(event, id) {
  if (!currentKey()) return; // the link does it
  event.preventDefault();
  const blob = await (await request(fileURL(id))).blob();
  open(URL.createObjectURL(blob), "_blank", "noopener");
}
