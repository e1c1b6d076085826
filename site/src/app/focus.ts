// Where the focus goes when the button that was pressed is removed.

import { tick } from 'svelte';

/** Moves it to the i-th button of a list from which one has gone, or the last; where none is left, to another element. */
export async function focusInList(
  buttons: () => NodeListOf<HTMLElement> | undefined,
  i: number,
  otherwise: HTMLElement | null,
): Promise<void> {
  await tick();
  const left = buttons();
  (left?.[Math.min(i, left.length - 1)] ?? otherwise)?.focus();
}
