// A program in a link. An example goes by its name.

import { base64, checkLength, LinkError, packed, unpacked } from '../app/packed';
import { exampleOf, nameOf } from './examples';
import { keep, kept } from './kept';

const MARK = '#code=';
const EXAMPLE = '#example=';
const MOST_CODE = 200_000; // bytes that a link may unpack to
const MOST_MADE = 100; // links that are remembered
const PATIENCE = 3000; // milliseconds for the list of the documentation's programs

/** A program that came by a link. */
export interface Came {
  code: string;
  /** Whether it is this site's: an example, one of the documentation's, or from a link that was made in this browser. */
  isOwn: boolean;
}

/**
 * The link to the playground with a program; throws a LinkError. The program is known when it comes back, unless it is a
 * stranger's that nobody has changed.
 */
export async function linkTo(code: string, isStrange = false): Promise<string> {
  const name = nameOf(code);
  const link = new URL('play.html', document.baseURI).href + (name ? EXAMPLE + name : MARK + (await written(code)));
  checkLength(link);
  if (!isStrange) await remember(code);
  return link;
}

/** The program of a link, by its fragment with the #; null if it carries none. Throws a LinkError. */
export async function programOf(fragment: string): Promise<Came | null> {
  if (fragment.startsWith(EXAMPLE)) {
    const code = exampleOf(fragment.slice(EXAMPLE.length));
    if (code === undefined) throw new LinkError('damaged');
    return { code, isOwn: true };
  }
  return fragment.startsWith(MARK) ? read(fragment.slice(MARK.length)) : null;
}

/** A program as a part of a link. */
export const written = (code: string): Promise<string> => packed(new TextEncoder().encode(code));

/** The other way; throws a LinkError. */
export async function read(text: string): Promise<Came> {
  const bytes = await unpacked(text, MOST_CODE);
  let code: string;
  try {
    code = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new LinkError('damaged');
  }
  return { code, isOwn: nameOf(code) !== undefined || (await isKnown(code)) };
}

/** Knows the program when it comes back by a link that was made here. */
export async function remember(code: string): Promise<void> {
  const digest = await digestOf(code);
  if (digest) keep('links', JSON.stringify([...new Set([digest, ...madeHere()])].slice(0, MOST_MADE)));
}

/**
 * Whether it is known what the program is. Its way here tells nothing: whoever opened this window, or frames the page, can
 * put another program into its address, once a visitor has come by a link of the documentation.
 */
async function isKnown(code: string): Promise<boolean> {
  const digest = await digestOf(code);
  return digest !== null && (madeHere().includes(digest) || (await ofDocs()).includes(digest));
}

/** Digests of the documentation's programs; tools/docs.py lists them. */
async function ofDocs(): Promise<unknown[]> {
  try {
    const url = new URL('docs/programs.json', document.baseURI);
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
    return response.ok ? await response.json() : [];
  } catch {
    return []; // no network, or no documentation
  }
}

/** Digests of the programs that links were made of in this browser. */
function madeHere(): string[] {
  try {
    return JSON.parse(kept('links') ?? '[]');
  } catch {
    return [];
  }
}

/** Null on a page that is no secure one: it cannot tell. */
async function digestOf(code: string): Promise<string | null> {
  if (!crypto.subtle) return null;
  return base64(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(code))));
}
