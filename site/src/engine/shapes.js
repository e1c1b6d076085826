// Shapes of what workers tell: each takes what came and returns it anew, with nothing in it that was not asked for. What
// a program's worker sends may be anything.

import { CodedError, message } from '../message.js';

/**
 * @template T
 * @typedef {(value: unknown) => T} Shape
 */

/** @returns {never} */
function refuse() {
  throw new CodedError(message('misshapen'));
}

/** @template T @param {(value: any) => value is T} holds @returns {Shape<T>} */
const checked = (holds) => (value) => (holds(value) ? value : refuse());

export const text = checked(/** @returns {value is string} */ (value) => typeof value === 'string');
export const number = checked(/** @returns {value is number} */ (value) => typeof value === 'number');
/** Python's None, which may come as undefined. @param {unknown} value @returns {null} */
export const nothing = (value) => (value === null || value === undefined ? null : refuse());
export const object = checked(
  /** @returns {value is Record<string, unknown>} */ (value) => typeof value === 'object' && value !== null,
);

/** @template {string} T @param {readonly T[]} names @returns {Shape<T>} */
export const oneOf = (names) => checked(/** @returns {value is T} */ (value) => names.includes(value));

/** Bytes, or numbers, as an array of the page's own. @returns {Uint8Array<ArrayBuffer>} @param {unknown} value */
export function bytes(value) {
  const { buffer, byteOffset, length } = viewOf(value, 'Uint8Array');
  return new Uint8Array(buffer, byteOffset, length);
}

/** @returns {Float64Array<ArrayBuffer>} @param {unknown} value */
export function numbers(value) {
  const { buffer, byteOffset, length } = viewOf(value, 'Float64Array');
  return new Float64Array(buffer, byteOffset, length);
}

/** @param {unknown} value @param {string} kind @returns {any} */
function viewOf(value, kind) {
  const { [Symbol.toStringTag]: found } = /** @type {any} */ (ArrayBuffer.isView(value) ? value : {});
  return found === kind ? value : refuse();
}

/** @template T @param {Shape<T>} item @returns {Shape<T[]>} */
export const list = (item) => (value) => (Array.isArray(value) ? Array.from(value, (each) => item(each)) : refuse());

/**
 * @template {Record<string, Shape<any>>} F
 * @param {F} fields
 * @returns {Shape<{[K in keyof F]: ReturnType<F[K]>}>}
 */
export const record = (fields) => (value) => {
  const given = object(value);
  const own = (/** @type {string} */ name) => (Object.hasOwn(given, name) ? given[name] : undefined);
  const read = Object.entries(fields).map(([name, shape]) => [name, shape(own(name))]);
  return Object.fromEntries(read);
};

/** Names with values. @template T @param {Shape<T>} item @returns {Shape<Record<string, T>>} */
export const dictionary = (item) => (value) =>
  Object.fromEntries(Object.entries(object(value)).map(([name, each]) => [name, item(each)]));

/**
 * What has one of two shapes.
 *
 * @template S, T
 * @param {Shape<S>} first
 * @param {Shape<T>} second
 * @returns {Shape<S | T>}
 */
export const either = (first, second) => (value) => {
  try {
    return first(value);
  } catch {
    return second(value);
  }
};

/** A value of a message. @type {Shape<import('../message.js').Value>} */
const written = (value) => {
  if (typeof value === 'string' || typeof value === 'number') return value;
  return Array.isArray(value) ? list(told)(value) : told(value);
};

/** A message. @type {Shape<import('../message.js').Message>} */
export const told = record({ code: text, values: dictionary((value) => written(value)), text });
