// The Python that visitors wrote for figures, in a link: `#sum.code=eJw…`, behind the #, as the playground has it. There
// it is a text, until whoever opens the link runs it.

import { addressNow } from '../app/link';
import { checkLength, LinkError } from '../app/packed';
import type { Figure } from './figure.svelte';

/** Those of the page. */
const figures = new Set<Figure>();

const nameFor = ({ id }: Figure) => `${id}.code`;
const isProgram = (name: string) => name.endsWith('.code');

/** Has a figure's program in the page's link. Gives what ends that. */
export function enter(figure: Figure): () => void {
  figures.add(figure);
  figure.enter();
  return () => {
    figures.delete(figure);
    figure.leave();
  };
}

/** Gives a figure the program that the link has for it. Whether there was one. */
export async function take(figure: Figure): Promise<boolean> {
  const text = new URLSearchParams(location.hash.slice(1)).get(nameFor(figure));
  if (text === null) return false;
  const { read } = await import('../play/share');
  try {
    const program = await read(text);
    if (!figures.has(figure)) return false; // the page was left meanwhile
    figure.receive(program);
    return true;
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    figure.miss();
    return false;
  }
}

/** The address of the page as it is now; throws a LinkError where it would be too long. */
export async function pageNow(): Promise<string> {
  const url = addressNow();
  const said = new URLSearchParams(url.hash.slice(1));
  const rewritten = [...figures].filter(({ isRewritten }) => isRewritten);
  if (rewritten.length || [...said.keys()].some(isProgram)) {
    const { remember, written } = await import('../play/share');
    const programs = new URLSearchParams();
    for (const figure of rewritten) {
      programs.set(nameFor(figure), await written(figure.code));
      if (!figure.isHeld) await remember(figure.code);
    }
    url.hash = String(programs);
  }
  checkLength(url.href);
  return url.href;
}
