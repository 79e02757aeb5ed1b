// Searching by an image that the page is given: dropped, pasted or picked. The images stay in this tab's memory, numbered,
// so that the back button finds them again.

import { goTo } from "./address.js";
import { byID } from "./dom.js";

const given = new Map();

/** The image with this number: {file, preview (an address)}, or undefined after a reload. */
export function givenImage(number) {
  return given.get(number);
}

/** The bytes of the image with this number in base64. */
export async function givenImageBase64(number) {
  const dataURL = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(given.get(number).file);
  });
  return dataURL.slice(dataURL.indexOf(",") + 1);
}

function searchBy(file) {
  const number = String(given.size + 1);
  given.set(number, { file, preview: URL.createObjectURL(file) });
  goTo({ image: number });
}

export function startImageQueries() {
  const input = byID("image-file");
  const hint = byID("drop-hint");
  byID("pick-image").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    if (input.files.length > 0) searchBy(input.files[0]);
    input.value = "";
  });
  document.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    searchBy(file);
  });
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    hint.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) hint.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    hint.hidden = true;
    const [file] = event.dataTransfer.files;
    if (!file) return;
    event.preventDefault(); // or the browser leaves the page for the file
    searchBy(file);
  });
}
