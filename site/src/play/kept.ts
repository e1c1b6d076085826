// What the browser keeps of the playground until the next visit: the program, the one before, the output; whether an
// output is being drawn; and which links this site has made here.

export type Kind = 'code' | 'former' | 'output' | 'drawing' | 'links';

/** @param isTabs  whether it is what this tab keeps for itself */
export function kept(kind: Kind, isTabs = false): string | null {
  try {
    return (isTabs ? sessionStorage : localStorage).getItem(`play-${kind}`);
  } catch {
    return null; // the browser keeps nothing for this site
  }
}

/** Null forgets it. Answers whether it is kept. */
export function keep(kind: Kind, text: string | null, isTabs = false): boolean {
  try {
    const storage = isTabs ? sessionStorage : localStorage;
    if (text === null) storage.removeItem(`play-${kind}`);
    else storage.setItem(`play-${kind}`, text);
    return true;
  } catch {
    return false; // full, or switched off
  }
}
