/** Copies a text; returns whether the browser allows it: it does only on pages from https: or localhost. */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
