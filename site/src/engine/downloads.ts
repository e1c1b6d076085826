// Downloads of the site's own large files for a worker, which has no network itself: bytes counted as they arrive.

import sizes, { coreHash } from 'virtual:asset-sizes';
import { CORE } from './assets';
import { DownloadError, message } from './message';
import type { Content } from './protocol';

export interface Progress {
  /** Bytes so far. */
  loaded: number;
  /** Bytes of all files asked for. */
  total: number;
}

/** Pyodide's core: compiled once for all workers of a page. */
let core: Promise<WebAssembly.Module> | null = null;

const WASM = 'application/wasm';

/** Whether the site has such a file. */
export const isFile = (path: string): boolean => Object.hasOwn(sizes, path);

/**
 * Fetches files.
 *
 * @param base  address of the site, with its last slash
 * @param onProgress  told the sum for each piece that arrives
 * @returns each rejected with a DownloadError if it does not come
 */
export function download(
  base: string,
  paths: string[],
  onProgress: (progress: Progress) => void,
): Map<string, Promise<Content>> {
  const loaded = new Map(paths.map((path) => [path, 0]));
  const total = paths.reduce((sum, path) => sum + sizes[path], 0);
  const count = (path: string, bytes: number) => {
    // Bytes are counted after the browser undid a Content-Encoding: never more than the file has.
    loaded.set(path, Math.min(sizes[path], (loaded.get(path) ?? 0) + bytes));
    onProgress({ loaded: [...loaded.values()].reduce((sum, bytes) => sum + bytes), total });
  };
  const contentOf = async (path: string): Promise<Content> => {
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

/**
 * Compiles Pyodide's core while it arrives.
 *
 * Chromium keeps the compiled code with the address, if the response is its own and no new one, and if the address always
 * stands for the same bytes. The service worker keeps the core under this address, too.
 */
async function compiled(url: string, onBytes: (bytes: number) => void): Promise<WebAssembly.Module> {
  const response = await fetched(url, onBytes, `?sha256=${coreHash}`);
  const isNamed = response.headers.get('Content-Type') === WASM;
  const source = isNamed ? response : new Response(response.body, { headers: { 'Content-Type': WASM } });
  return WebAssembly.compileStreaming(source).catch(brokenOff(url));
}

/** `onBytes` is told of each piece of the response that arrives. */
async function fetched(url: string, onBytes: (bytes: number) => void, search = ''): Promise<Response> {
  const response = await fetch(url + search).catch(brokenOff(url));
  if (!response.ok) throw new DownloadError(message('download-refused', { file: url, status: response.status }));
  const counter = new WritableStream<Uint8Array>({ write: ({ byteLength }) => onBytes(byteLength) });
  const counting = response.clone().body?.pipeTo(counter);
  counting?.catch(() => {}); // whoever reads the response is told
  return response;
}

const brokenOff =
  (file: string) =>
  (cause: Error): never => {
    throw new DownloadError(message('download-failed', { file, reason: cause.message }));
  };
