/**
 * Copies a text, which may come later; returns whether the browser allows it: it does only on pages from https: or localhost,
 * and in WebKit only where it is asked at once when the visitor presses a button.
 */
export async function copied(text: string | Promise<string>): Promise<boolean> {
  const later = Promise.resolve(text).then((text) => new Blob([text], { type: 'text/plain' }));
  later.catch(() => {}); // whoever gave the promise is told
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'text/plain': later })]);
    return true;
  } catch {
    return false;
  }
}
