// HTML that a program shows: how much of it a browser can draw.

const MOST_LETTERS = 100_000; // beyond either limit the browser is busy for seconds
const MOST_DEPTH = 250; // elements inside one another
const VOID = /^(area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/i; // they hold nothing

/** Whether a browser would be busy with it. */
export const isLarge = (html: string): boolean => html.length > MOST_LETTERS || depth(html) > MOST_DEPTH;

/** How deep its elements lie inside one another; those that are never closed count too. */
function depth(html: string): number {
  let now = 0;
  let most = 0;
  for (const [, end, name] of html.matchAll(/<(\/?)([a-z]\w*)/gi)) {
    if (VOID.test(name)) continue;
    now = Math.max(0, now + (end ? -1 : 1));
    most = Math.max(most, now);
  }
  return most;
}
