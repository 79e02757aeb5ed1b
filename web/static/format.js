// How values read: probabilities, counts, bytes, dates, paths.

/** "93 %". Never rounds up to 100 % or down to 0 %: a calibrated probability is neither. */
export function percent(probability) {
  const value = probability * 100;
  if (value > 99) return value >= 99.95 ? "> 99.9 %" : `${(Math.floor(value * 10) / 10).toFixed(1)} %`;
  if (value >= 1) return `${Math.round(value)} %`;
  return value < 0.1 ? "< 0.1 %" : `${value.toFixed(1)} %`;
}

/** How well an image answers: a probability as "93 %", a similarity (of images found by an image) as "0.93". */
export function score(value, similarity) {
  return similarity ? value.toFixed(2) : percent(value);
}

/** "3,410". */
export function count(n) {
  return n.toLocaleString("en");
}

/** "1 image", "12 images". */
export function images(n) {
  return n === 1 ? "1 image" : `${count(n)} images`;
}

/** "2.4 MB". */
export function bytes(n) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (n >= 999.5 && unit < units.length - 1) {
    n /= 1000;
    unit++;
  }
  return `${n.toFixed(unit > 0 && n < 9.95 ? 1 : 0)} ${units[unit]}`;
}

/** "0.8 ms", "41 ms", "1.2 s". */
export function duration(ms) {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 9.5 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** "4000 × 3000 · 12 MP". */
export function dimensions(width, height) {
  const megapixels = (width * height) / 1e6;
  const size = `${width} × ${height}`;
  return megapixels < 0.1 ? size : `${size} · ${megapixels.toFixed(megapixels < 9.95 ? 1 : 0)} MP`;
}

/** A date and time in the reader's own way of writing, "" for none. */
export function moment(timestamp) {
  if (!timestamp) return "";
  return new Date(timestamp).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** The last element of a path, whichever way its slashes lean. */
export function fileName(path) {
  return path.split(/[/\\]/).pop();
}

/** What comes before the last element of a path. */
export function folder(path) {
  return path.slice(0, path.length - fileName(path).length);
}
