// Downloads of the site's own large files: bytes counted as they arrive, gzip undone.

import sizes from 'virtual:asset-sizes';
import { CodedError, message } from '../message.js';

/** The browser's own, kept: the global one is replaced while Pyodide loads. */
const browserFetch = fetch.bind(globalThis);

/** A file that could not be fetched: the network's fault or the host's, not Python's. */
export class DownloadError extends CodedError {
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
    const response = await browserFetch(url, init).catch((error) => {
      throw this.#brokenOff(url, error);
    });
    if (!response.ok) throw this.#failed(message('download-refused', { file: url, status: response.status }));
    return this.#counted(url, response);
  };

  /**
   * The bytes of a gzipped file, unpacked. A host may have undone the gzip itself (Content-Encoding), so the
   * bytes are asked, not the headers.
   *
   * @param {string} path
   */
  async gunzipped(path) {
    const response = await this.fetch(path);
    try {
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
      return new Uint8Array(await new Response(stream).arrayBuffer());
    } catch (error) {
      throw this.#brokenOff(path, error);
    }
  }

  /**
   * The same response, each piece of its body counted as it passes.
   *
   * @param {string} url
   * @param {Response} response
   */
  #counted(url, response) {
    const path = url.slice(this.#base.length);
    if (!response.body || !(path in sizes)) return response;
    const counter = new TransformStream({
      transform: (chunk, controller) => {
        this.#count(path, chunk.byteLength);
        controller.enqueue(chunk);
      },
    });
    response.body.pipeTo(counter.writable).catch((error) => this.#brokenOff(url, error));
    return new Response(counter.readable, response);
  }

  /** @param {string} file @param {unknown} cause */
  #brokenOff(file, cause) {
    return this.#failed(message('download-failed', { file, reason: /** @type {Error} */ (cause).message }));
  }

  /** @param {import('../message.js').Message} message */
  #failed(message) {
    const error = new DownloadError(message);
    this.#fail(error);
    return error;
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
