// The API key: asked for once a tab, kept in sessionStorage.

import { byID } from "./dom.js";

const name = "sightline-key";

export function currentKey() {
  return sessionStorage.getItem(name);
}

export function forgetKey() {
  sessionStorage.removeItem(name);
}

let asking = null;

/** Opens the key dialog and waits for a key. Calls that come while it is open wait for the same answer. */
export function askForKey(wasWrong) {
  if (currentKey()) return Promise.resolve();
  asking ??= openDialog(wasWrong).finally(() => {
    asking = null;
  });
  return asking;
}

function openDialog(wasWrong) {
  const dialog = byID("key-dialog");
  const input = byID("key");
  byID("key-wrong").hidden = !wasWrong;
  input.value = "";
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.showModal();
  input.focus();
  return new Promise((resolve) => {
    const form = byID("key-form");
    form.addEventListener("submit", () => {
      sessionStorage.setItem(name, input.value.trim());
      resolve();
    }, { once: true });
  });
}
