// What a page's address says of its state: `?model=MLP&batch=64`. What is as usual is left out; what cannot be is read as
// if it were not there. So a link holds all that was chosen, and no more.

import { addressIn } from './language.svelte';

const PAUSE = 300; // milliseconds; browsers let a page change its address so and so often

/** Reads a value; null for what cannot be. */
export type Read<T> = (text: string) => T | null;

/** NaN for what is no number, an empty text included. */
export const numberOf = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text));

export const whole =
  (least: number, most: number): Read<number> =>
  (text) => {
    const n = numberOf(text);
    return Number.isInteger(n) && n >= least && n <= most ? n : null;
  };

export const oneOf =
  <T extends string | number>(values: readonly T[]): Read<T> =>
  (text) =>
    values.find((value) => String(value) === text) ?? null;

/** What the page's address says; null where it says nothing, or nonsense. */
export function inAddress<T>(name: string, read: Read<T>): T | null {
  const text = new URLSearchParams(location.search).get(name);
  return text === null ? null : read(text);
}

const waiting = new Map<string, string | null>();
let timer: ReturnType<typeof setTimeout> | undefined;
/** The page that they are of, in whatever language. */
let page = '';

const present = () => addressIn('en', location.pathname);

/** Puts texts into the page's address, a moment later; null takes one out. */
export function put(parts: Record<string, string | null>): void {
  if (page !== present()) waiting.clear();
  page = present();
  for (const [name, text] of Object.entries(parts)) waiting.set(name, text);
  timer ??= setTimeout(write, PAUSE);
}

function write(): void {
  clearTimeout(timer);
  timer = undefined;
  if (page !== present()) waiting.clear(); // another page has come
  const address = new URL(location.href);
  for (const [name, text] of waiting) set(address, name, text);
  waiting.clear();
  if (address.href !== location.href) history.replaceState(history.state, '', address);
}

/** Puts a text into an address, or takes it out. */
export function set(address: URL, name: string, text: string | null): void {
  const { searchParams } = address;
  if (searchParams.get(name) === text) return;
  if (text === null) searchParams.delete(name);
  else searchParams.set(name, text);
  address.search = searchParams.toString().replaceAll('%2C', ','); // easier to read
}

/** The page's address with all that was put into it. */
export function addressNow(): URL {
  write();
  return new URL(location.href);
}
