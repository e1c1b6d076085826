// Downloads of the site's own large files for a worker, which has no network itself: bytes counted as they arrive.

import sizes, { coreHash } from 'virtual:asset-sizes';
import { CORE } from './assets';
import { DownloadError, message } from './message';
import type { Content } from './protocol';
import { siteFolder } from './site';

export interface Progress {
  /** Bytes so far. */
  loaded: number;
  /** Bytes of all files asked for. */
  total: number;
}

/** After so long without a byte a download is given up. */
export const STALL_MS = 60_000;

/** Pyodide's core: compiled once for all workers of a page. */
let core: Promise<WebAssembly.Module> | null = null;
/** Its bytes so far. */
let coreLoaded = 0;
/** Called with the size of each piece of it: one for each worker that waits. */
const waiting = new Set<(bytes: number) => void>();
/** Ends the fetch of the core. */
let giveUp = () => {};
/** Runs out STALL_MS after the last byte of any file. */
let timer = 0;

const WASM = 'application/wasm';

/** Frees its memory: the next worker fetches it anew. */
export function forgetCore(): void {
  core = null;
}

/** Whether the site has such a file. */
export const isFile = (path: string): boolean => Object.hasOwn(sizes, path);

/**
 * Fetches files.
 *
 * @param onProgress  told the sum for each piece that arrives
 * @returns each rejected with a DownloadError if it does not come
 */
export function download(paths: string[], onProgress: (progress: Progress) => void): Map<string, Promise<Content>> {
  const base = siteFolder();
  const loaded = new Map(paths.map((path) => [path, path === CORE && core ? coreLoaded : 0]));
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
    core ??= shared(url);
    const onBytes = (bytes: number) => count(path, bytes);
    waiting.add(onBytes);
    const module = await core.finally(() => waiting.delete(onBytes));
    count(path, sizes[path]); // it may have been there already
    return module;
  };
  const contents = new Map(paths.map((path) => [path, contentOf(path)]));
  for (const content of contents.values()) content.catch(() => {}); // whoever takes it is told
  return contents;
}

/**
 * Fetches the core for all workers. Once no byte of any file has come for a while, it is given up: each worker that
 * started anew would wait for the same fetch.
 */
function shared(url: string): Promise<WebAssembly.Module> {
  const fetching = new AbortController();
  const stalled = new Promise<never>((_, reject) => {
    giveUp = () => {
      reject(new DownloadError(message('stalled', { seconds: STALL_MS / 1000 })));
      fetching.abort();
    };
  });
  coreLoaded = 0;
  watch();
  const onBytes = (bytes: number) => {
    coreLoaded = Math.min(sizes[CORE], coreLoaded + bytes);
    for (const tell of waiting) tell(bytes);
  };
  const module = Promise.race([compiled(url, onBytes, fetching.signal), stalled]);
  module.catch(forgetCore); // the next one tries again
  return module;
}

function watch(): void {
  clearTimeout(timer);
  timer = window.setTimeout(() => giveUp(), STALL_MS);
}

/**
 * Compiles Pyodide's core while it arrives.
 *
 * Chromium keeps the compiled code with the address, if the response is its own and no new one, and if the address always
 * stands for the same bytes. The service worker keeps the core under this address, too.
 */
async function compiled(
  url: string,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<WebAssembly.Module> {
  const response = await fetched(url, onBytes, `?sha256=${coreHash}`, signal);
  const isNamed = response.headers.get('Content-Type') === WASM;
  const source = isNamed ? response : new Response(response.body, { headers: { 'Content-Type': WASM } });
  return WebAssembly.compileStreaming(source).catch(brokenOff(url));
}

/** `onBytes` is told of each piece of the response that arrives. */
async function fetched(
  url: string,
  onBytes: (bytes: number) => void,
  search = '',
  signal?: AbortSignal,
): Promise<Response> {
  const response = await fetch(url + search, { signal }).catch(brokenOff(url));
  if (!response.ok) throw new DownloadError(message('download-refused', { file: url, status: response.status }));
  const counter = new WritableStream<Uint8Array>({
    write: ({ byteLength }) => {
      watch();
      onBytes(byteLength);
    },
  });
  const counting = response.clone().body?.pipeTo(counter);
  counting?.catch(() => {}); // whoever reads the response is told
  return response;
}

const brokenOff =
  (file: string) =>
  (cause: Error): never => {
    throw new DownloadError(message('download-failed', { file, reason: cause.message }));
  };
