// The images that the page shows: loaded page by page, in order. The grid draws them, the enlarged view steps through them.

export class Collection {
  #loadPage;
  #abort = new AbortController();
  #loading = null;
  #cursor = null;

  /**
   * @param loadPage (cursor, signal) => {images, cursor}: one page, its images with at least id, path, width and height,
   *   and the cursor of the next page or null.
   */
  constructor(loadPage) {
    this.#loadPage = loadPage;
    this.items = [];
    this.complete = false;
  }

  /** Loads the next page and gives its images; calls that come meanwhile get the same page. */
  more() {
    if (this.complete) return Promise.resolve([]);
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #load() {
    const page = await this.#loadPage(this.#cursor, this.#abort.signal);
    this.items.push(...page.images);
    this.#cursor = page.cursor;
    this.complete = !page.cursor;
    return page.images;
  }

  /** Stops loading; a page under way is dropped. */
  cancel() {
    this.#abort.abort();
  }

  /** Where the image is among those loaded, or -1. */
  indexOf(id) {
    return this.items.findIndex((item) => item.id === id);
  }
}
