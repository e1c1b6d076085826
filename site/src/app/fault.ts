// Errors as pages show them.

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
  {
    down: (message: string) => `Python is not running: ${message}`,
    noWasm: 'This browser has WebAssembly turned off, as Apple’s Lockdown Mode does. Python needs it.',
  },
  {
    down: (message) => `Python が動いていません: ${message}`,
    noWasm:
      'Python には WebAssembly が必要ですが、このブラウザではオフになっています(Apple のロックダウンモードなど)。',
  },
);

/** `runs` tells whether Python goes on. */
export function faultOf(error: Error, runs: boolean): Fault {
  const message = messageOf(error);
  return {
    title: () => {
      if (runs) return sentence(message);
      return 'WebAssembly' in globalThis ? text().down(told(message)) : text().noWasm;
    },
    detail: error.message.trimEnd().includes('\n') ? error.message : '',
  };
}
