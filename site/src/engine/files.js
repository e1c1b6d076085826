// In a worker: the site's files, which the page fetches and hands in, for an isolated worker has no network.

import { DownloadError, message } from '../message.js';

/**
 * @typedef {import('./downloads.js').Content} Content
 *
 * @typedef {object} Arrival  a message of the page's
 * @property {string} file  its path in the site
 * @property {Content} [content]
 * @property {import('../message.js').Message} [failure]  why it does not come
 */

/** Where a file arrives. */
class Place {
  /** @type {(content: Content) => void} */
  resolve = () => {};
  /** @type {(error: Error) => void} */
  reject = () => {};
  /** @type {Promise<Content>} */
  promise = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));

  constructor() {
    this.promise.catch(() => {}); // whoever takes it is told
  }
}

/** Of files that are waited for, or came unasked. @type {Map<string, Place>} */
const places = new Map();

/** @param {string} path */
function placeOf(path) {
  const place = places.get(path) ?? new Place();
  places.set(path, place);
  return place;
}

addEventListener('message', ({ data }) => {
  if (!('file' in data)) return;
  const { file, content, failure } = /** @type {Arrival} */ (data);
  const place = placeOf(file);
  if (failure) place.reject(new DownloadError(failure));
  else place.resolve(/** @type {Content} */ (content));
});

/**
 * Asks the page for files.
 *
 * @param {string[]} paths
 * @param {string} name  what they are, for the visitor
 */
export function ask(paths, name = '') {
  for (const path of paths) placeOf(path);
  postMessage({ kind: 'files', name, paths });
}

/** Rejects as soon as one of the files that were asked for does not come. @param {string[]} paths */
export const arrival = (paths) => Promise.all(paths.map((path) => placeOf(path).promise));

/** A file that was asked for; it is not kept. @param {string} path @returns {Promise<Content>} */
export async function take(path) {
  try {
    return await placeOf(path).promise;
  } finally {
    places.delete(path);
  }
}

/** The bytes of a gzipped file, unpacked; a host may have done that itself (Content-Encoding). @param {string} path */
export async function gunzipped(path) {
  const bytes = new Uint8Array(/** @type {ArrayBuffer} */ (await take(path)));
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  const unpacked = await new Response(stream).arrayBuffer().catch(() => {
    throw new DownloadError(message('file-damaged', { file: path }));
  });
  return new Uint8Array(unpacked);
}

/**
 * Has `fetch` give the site's files.
 *
 * @param {string} base  address of the site, with its last slash
 */
export function serve(base) {
  const browserFetch = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const path = url.slice(base.length);
    if (!url.startsWith(base) || !/^(pyodide|mnist|weights)\//.test(path)) return browserFetch(input, init);
    if (!places.has(path)) ask([path]);
    const content = await take(path);
    if (content instanceof WebAssembly.Module) return /** @type {any} */ (content); // for instantiateStreaming alone
    if (init?.integrity) await verify(path, content, init.integrity);
    return new Response(content);
  };
  WebAssembly.instantiateStreaming = async (source, imports) => {
    const module = /** @type {WebAssembly.Module} */ (/** @type {unknown} */ (await source));
    return { module, instance: await WebAssembly.instantiate(module, imports) };
  };
  // Pyodide waits for its files one after the other: the failure of a later one finds nobody yet. `arrival` tells it.
  addEventListener('unhandledrejection', (event) => {
    if (event.reason instanceof DownloadError) event.preventDefault();
  });
}

/** @param {string} path @param {ArrayBuffer} content @param {string} integrity  as `fetch` takes it */
async function verify(path, content, integrity) {
  if (!crypto.subtle) return; // the page is no secure one
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  const found = `sha256-${btoa(String.fromCharCode(...digest))}`;
  if (found !== integrity) throw new TypeError(`${path} has ${found}, where the site's list has ${integrity}`);
}
