// In a worker: the site's files, which the page fetches and hands in, for an isolated worker has no network.

import { DownloadError, message } from './message';
import type { Content, FromWorker, ToWorker } from './protocol';

/** A file that was asked for, or came unasked: a promise of its content. */
class Place {
  resolve: (content: Content) => void = () => {};
  reject: (error: Error) => void = () => {};
  readonly promise = new Promise<Content>((resolve, reject) => Object.assign(this, { resolve, reject }));

  constructor() {
    this.promise.catch(() => {}); // whoever takes it is told
  }
}

/** By path. */
const places = new Map<string, Place>();

function placeOf(path: string): Place {
  const place = places.get(path) ?? new Place();
  places.set(path, place);
  return place;
}

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (!('file' in data)) return;
  const { file, content, failure } = data;
  const place = placeOf(file);
  if (failure) place.reject(new DownloadError(failure));
  else place.resolve(content as Content);
});

/**
 * Asks the page for files.
 *
 * @param name  what they are, for the visitor
 */
export function ask(paths: string[], name = ''): void {
  for (const path of paths) placeOf(path);
  postMessage({ kind: 'files', name, paths } satisfies FromWorker);
}

/** Rejects as soon as one of the files that were asked for does not come. */
export const arrival = (paths: string[]): Promise<Content[]> => Promise.all(paths.map((path) => placeOf(path).promise));

/** A file that was asked for; it is not kept. */
export async function take(path: string): Promise<Content> {
  try {
    return await placeOf(path).promise;
  } finally {
    places.delete(path);
  }
}

/** The bytes of a file that was asked for. */
export const bytesOf = async (path: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array((await take(path)) as ArrayBuffer);

/** The bytes of a gzipped file, unpacked; a host may have done that itself (Content-Encoding). */
export async function gunzipped(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await bytesOf(path);
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
 * @param base  address of the site, with its last slash
 */
export function serve(base: string): void {
  const browserFetch = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const path = url.slice(base.length);
    if (!url.startsWith(base) || !/^(pyodide|mnist|weights)\//.test(path)) {
      // WebKit's own error has no stack, so Pyodide would not take it for one, and `await fetch` would never end.
      return browserFetch(input, init).catch(({ message }) => Promise.reject(new TypeError(message)));
    }
    if (!places.has(path)) ask([path]);
    const content = await take(path);
    if (content instanceof WebAssembly.Module) return content as unknown as Response; // for instantiateStreaming alone
    if (init?.integrity) await verify(path, content, init.integrity);
    return new Response(content);
  };
  WebAssembly.instantiateStreaming = async (source, imports) => {
    const module = (await source) as unknown as WebAssembly.Module;
    return { module, instance: await WebAssembly.instantiate(module, imports) };
  };
  // Pyodide waits for its files one after the other: the failure of a later one finds nobody yet. `arrival` tells it.
  addEventListener('unhandledrejection', (event) => {
    if (event.reason instanceof DownloadError) event.preventDefault();
  });
}

/** `integrity` is written as `fetch` takes it. */
async function verify(path: string, content: ArrayBuffer, integrity: string): Promise<void> {
  if (!crypto.subtle) return; // the page is no secure one
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  const found = `sha256-${btoa(String.fromCharCode(...digest))}`;
  if (found !== integrity) throw new TypeError(`${path} has ${found}, where the site's list has ${integrity}`);
}
