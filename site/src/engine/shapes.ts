// Checks of what workers send: each takes a value, and returns a copy that has the expected fields alone, or throws. A
// visitor's program may send anything.

import { CodedError, type Message, message, type Value } from './message';

export type Shape<T> = (value: unknown) => T;

function refuse(): never {
  throw new CodedError(message('misshapen'));
}

const checked =
  <T>(holds: (value: unknown) => value is T): Shape<T> =>
  (value) =>
    holds(value) ? value : refuse();

const MOST_LETTERS = 1 << 20; // of a text
const MOST_IN_LABEL = 2_000;
const MOST_ITEMS = 100_000; // of a list or a dictionary
const MOST_PARTS = 1_000; // of a message
const MOST_IN_MESSAGE = 100_000; // letters of all its parts

/** What kind of object something is, of whatever window. */
const kindOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

export const text = checked((value): value is string => typeof value === 'string' && value.length <= MOST_LETTERS);
/** A short one. */
export const label = checked((value): value is string => typeof value === 'string' && value.length <= MOST_IN_LABEL);
export const number = checked((value) => typeof value === 'number');
/** A whole number from 0 on. */
export const count = checked((value): value is number => Number.isSafeInteger(value) && (value as number) >= 0);
/** A number above 0 by which one can divide. */
export const factor = checked((value): value is number => Number.isFinite(value) && (value as number) > 0);
/** Python's None, which may come as undefined. */
export const nothing: Shape<null> = (value) => (value === null || value === undefined ? null : refuse());
/** Neither an array nor anything else that has items: to list those takes far more memory than it takes to send them. */
export const object = checked((value): value is Record<string, unknown> => kindOf(value) === 'Object');

export const oneOf = <const T extends string>(names: readonly T[]): Shape<T> =>
  checked((value): value is T => (names as readonly unknown[]).includes(value));

/** Bytes, at most so many, or numbers, as an array of the page's own. */
export const bytes =
  (most: number): Shape<Uint8Array<ArrayBuffer>> =>
  (value) => {
    const { buffer, byteOffset, length } = viewOf(value, 'Uint8Array');
    return length <= most ? new Uint8Array(buffer, byteOffset, length) : refuse();
  };

export function numbers(value: unknown): Float64Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = viewOf(value, 'Float64Array');
  return new Float64Array(buffer, byteOffset, length);
}

function viewOf(value: unknown, kind: string): { buffer: ArrayBuffer; byteOffset: number; length: number } {
  const view = kindOf(value) === kind ? (value as Uint8Array<ArrayBuffer>) : refuse();
  // Browsers take no shared memory, and none whose size may change, where they take bytes.
  const buffer: ArrayBuffer & { resizable?: boolean } = view.buffer;
  return kindOf(buffer) === 'ArrayBuffer' && !buffer.resizable ? view : refuse();
}

export const list =
  <T>(item: Shape<T>, most = MOST_ITEMS): Shape<T[]> =>
  (value) =>
    Array.isArray(value) && value.length <= most ? Array.from(value, (each) => item(each)) : refuse();

export const record =
  <F extends Record<string, Shape<unknown>>>(fields: F): Shape<{ [K in keyof F]: ReturnType<F[K]> }> =>
  (value) => {
    const given = object(value);
    const own = (name: string) => (Object.hasOwn(given, name) ? given[name] : undefined);
    const read = Object.entries(fields).map(([name, shape]) => [name, shape(own(name))]);
    return Object.fromEntries(read);
  };

/** Names with values. */
export const dictionary =
  <T>(item: Shape<T>): Shape<Record<string, T>> =>
  (value) => {
    const entries = Object.entries(object(value));
    return entries.length <= MOST_ITEMS
      ? Object.fromEntries(entries.map(([name, each]) => [label(name), item(each)]))
      : refuse();
  };

/** What has one of two shapes. */
export const either =
  <S, T>(first: Shape<S>, second: Shape<T>): Shape<S | T> =>
  (value) => {
    try {
      return first(value);
    } catch {
      return second(value);
    }
  };

/** A message. What was sent may hold one part in many places, which are more the deeper it goes: each place counts. */
export function told(value: unknown): Message {
  let parts = 0;
  let letters = 0;
  const part = <T>(shape: Shape<T>): Shape<T> => {
    return (value) => (++parts <= MOST_PARTS ? shape(value) : refuse());
  };
  const words = checked((value): value is string => {
    if (typeof value === 'string') letters += value.length;
    return typeof value === 'string' && letters <= MOST_IN_MESSAGE;
  });
  const within: Shape<Message> = (value) => record({ code: words, values: dictionary(written), text: words })(value);
  const written: Shape<Value> = part((value) => {
    if (typeof value === 'number') return value;
    if (typeof value === 'string') return words(value);
    return Array.isArray(value) ? list(part(within))(value) : within(value);
  });
  return within(value);
}
