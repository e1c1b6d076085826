// Downloads of the site's own large files: bytes counted as they arrive, gzip undone.

import sizes from 'virtual:asset-sizes';

/** The browser's own, kept: the global one is replaced while Pyodide loads. */
const browserFetch = fetch.bind(globalThis);

/** A file that could not be fetched: the network's fault or the host's, not Python's. */
export class DownloadError extends Error {
  name = 'DownloadError';
}

/**
 * @typedef {object} Progress
 * @property {number} loaded  bytes so far
 * @property {number} total  bytes of all files asked for
 */

/** Fetches files below `base` and reports the sum of the bytes that have arrived. */
export class Downloads {
  #base;
  #report;
  /** @type {Map<string, number>} */
  #loaded = new Map();
  /** @type {(error: DownloadError) => void} */
  #fail = () => {};
  /** Rejects with the first failure, for those who do not pass it on. @type {Promise<never>} */
  failure = new Promise((_, reject) => (this.#fail = reject));

  /**
   * @param {string} base  address of the site, with its last slash
   * @param {(progress: Progress) => void} report  called for each piece that arrives
   * @param {string[]} paths  files that will be asked for, so that the total is known from the start
   */
  constructor(base, report, paths) {
    this.#base = base;
    this.#report = report;
    for (const path of paths) this.#loaded.set(path, 0);
    this.failure.catch(() => {}); // whoever fetched the file may tell
  }

  /**
   * `fetch` that counts; stands in for the global one while Pyodide loads itself.
   *
   * @type {typeof fetch}
   */
  fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input, this.#base).href;
    try {
      const response = await browserFetch(url, init);
      if (!response.ok) throw new Error(`the host answered ${response.status}`);
      return this.#counted(url.slice(this.#base.length), response);
    } catch (error) {
      const failure = new DownloadError(`${url} could not be fetched: ${/** @type {Error} */ (error).message}`);
      this.#fail(failure);
      throw failure;
    }
  };

  /** @param {string} path @param {Response} response */
  #counted(path, response) {
    if (!response.body || !(path in sizes)) return response;
    const counter = new TransformStream({
      transform: (chunk, controller) => {
        this.#count(path, chunk.byteLength);
        controller.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(counter), response);
  }

  /**
   * The bytes of a gzipped file, unpacked. A host may have undone the gzip itself (Content-Encoding), so the
   * bytes are asked, not the headers.
   *
   * @param {string} path
   */
  async gunzipped(path) {
    const bytes = new Uint8Array(await (await this.fetch(path)).arrayBuffer());
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /**
   * @param {string} path
   * @param {number} bytes
   */
  #count(path, bytes) {
    // Bytes are counted after the browser undid a Content-Encoding: never more than the file has.
    this.#loaded.set(path, Math.min(sizes[path], (this.#loaded.get(path) ?? 0) + bytes));
    let loaded = 0;
    let total = 0;
    for (const [file, count] of this.#loaded) {
      loaded += count;
      total += sizes[file];
    }
    this.#report({ loaded, total });
  }
}
