// Downloads of the site's own large files for a worker, which has no network itself: bytes counted as they arrive.

import sizes from 'virtual:asset-sizes';
import { DownloadError, message } from '../message.js';
import { CORE } from './assets.js';

/**
 * @typedef {object} Progress
 * @property {number} loaded  bytes so far
 * @property {number} total  bytes of all files asked for
 *
 * @typedef {ArrayBuffer | WebAssembly.Module} Content  of a file; Pyodide's core comes compiled
 */

/** Pyodide's core: compiled once for all workers of a page. @type {Promise<WebAssembly.Module> | null} */
let core = null;

/** Whether the site has such a file. @param {string} path */
export const isFile = (path) => Object.hasOwn(sizes, path);

/**
 * Fetches files.
 *
 * @param {string} base  address of the site, with its last slash
 * @param {string[]} paths
 * @param {(progress: Progress) => void} onProgress  told the sum for each piece that arrives
 * @returns {Map<string, Promise<Content>>}  rejected with a DownloadError
 */
export function download(base, paths, onProgress) {
  const loaded = new Map(paths.map((path) => [path, 0]));
  const total = paths.reduce((sum, path) => sum + sizes[path], 0);
  /** @param {string} path @param {number} bytes */
  const count = (path, bytes) => {
    // Bytes are counted after the browser undid a Content-Encoding: never more than the file has.
    loaded.set(path, Math.min(sizes[path], (loaded.get(path) ?? 0) + bytes));
    onProgress({ loaded: [...loaded.values()].reduce((sum, bytes) => sum + bytes), total });
  };
  /** @param {string} path @returns {Promise<Content>} */
  const contentOf = async (path) => {
    const url = base + path;
    if (path !== CORE) {
      const response = await fetched(url, (bytes) => count(path, bytes));
      const content = await response.arrayBuffer().catch(brokenOff(url));
      // Wheels are checked by their hashes, and a .gz file may have been unpacked by the host.
      if (content.byteLength !== sizes[path] && !/\.(whl|gz)$/.test(path)) {
        const [bytes, size] = [content.byteLength, sizes[path]].map((number) => number.toLocaleString('en'));
        throw new DownloadError(message('download-cut', { file: url, bytes, size }));
      }
      return content;
    }
    core ??= compiled(url, (bytes) => count(path, bytes));
    const module = await core.catch((error) => {
      core = null; // the next one tries again
      throw error;
    });
    count(path, sizes[path]); // which another worker has brought
    return module;
  };
  const contents = new Map(paths.map((path) => [path, contentOf(path)]));
  for (const content of contents.values()) content.catch(() => {}); // whoever takes it is told
  return contents;
}

/** @param {string} url @param {(bytes: number) => void} onBytes @returns {Promise<WebAssembly.Module>} */
async function compiled(url, onBytes) {
  const { body } = await fetched(url, onBytes);
  const response = new Response(body, { headers: { 'Content-Type': 'application/wasm' } }); // whatever the host says
  return WebAssembly.compileStreaming(response).catch(brokenOff(url));
}

/**
 * @param {string} url
 * @param {(bytes: number) => void} onBytes  told of each piece
 * @returns {Promise<Response>}
 */
async function fetched(url, onBytes) {
  const response = await fetch(url).catch(brokenOff(url));
  if (!response.ok) throw new DownloadError(message('download-refused', { file: url, status: response.status }));
  /** @type {TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>} */
  const counter = new TransformStream({
    transform(chunk, controller) {
      onBytes(chunk.byteLength);
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body?.pipeThrough(counter));
}

/** @param {string} file @returns {(cause: Error) => never} */
const brokenOff = (file) => (cause) => {
  throw new DownloadError(message('download-failed', { file, reason: cause.message }));
};
