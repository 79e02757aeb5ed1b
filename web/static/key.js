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

/**
 * Opens the key dialog and waits until it closes. Calls that come while it is open wait for the same answer. Without a key
 * (Escape) the caller's next request is refused again and asks again.
 */
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
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const key = input.value.trim();
      if (key) sessionStorage.setItem(name, key);
      resolve();
    }, { once: true });
  });
}
