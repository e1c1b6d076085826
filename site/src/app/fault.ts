// What a page says went wrong.

import { messageOf } from '../engine/message';
import { texts } from './language.svelte';
import { sentence, told } from './told';

export interface Fault {
  /** In the visitor's language. */
  title: () => string;
  /** Python's traceback; '' without one. */
  detail: string;
}

const text = texts(
  { down: (message: string) => `Python is not running: ${message}` },
  { down: (message) => `Python が動いていません: ${message}` },
);

/** `runs` tells whether Python goes on. */
export function faultOf(error: Error, runs: boolean): Fault {
  const message = messageOf(error);
  return {
    title: () => (runs ? sentence(message) : text().down(told(message))),
    detail: error.message.trimEnd().includes('\n') ? error.message : '',
  };
}
