// Making elements. Text always goes in as text, never as HTML.

/**
 * Makes an element. Attributes that start with "on" are event listeners, `style` is an object of CSS properties (set
 * through the CSSOM, which the page's policy allows), true and false switch an attribute on and off.
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) {
      made.addEventListener(key.slice(2), value);
    } else if (key === "style") {
      for (const [property, setting] of Object.entries(value)) {
        made.style.setProperty(property, setting);
      }
    } else if (value === true) {
      made.setAttribute(key, "");
    } else if (value !== false && value != null) {
      made.setAttribute(key, value);
    }
  }
  made.append(...children.flat(2).filter((child) => child != null && child !== false));
  return made;
}

/** An icon of the sprite in index.html. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** The element with this id; index.html has all that are asked for. */
export function byID(id) {
  return document.getElementById(id);
}

let announced;

/** Tells people who listen to the page what has changed. */
export function announce(text) {
  clearTimeout(announced);
  announced = setTimeout(() => {
    byID("announcer").textContent = text;
  }, 50);
}
