// What the browser keeps of the playground until the next visit: the program, the one before, the output; whether an
// output is being drawn; and which links this site has made here.

export type Kind = 'code' | 'former' | 'output' | 'drawing' | 'links';

export function kept(kind: Kind): string | null {
  try {
    return localStorage.getItem(`play-${kind}`);
  } catch {
    return null; // the browser keeps nothing for this site
  }
}

/** Null forgets it. Answers whether it is kept. */
export function keep(kind: Kind, text: string | null): boolean {
  try {
    if (text === null) localStorage.removeItem(`play-${kind}`);
    else localStorage.setItem(`play-${kind}`, text);
    return true;
  } catch {
    return false; // full, or switched off
  }
}
