const KEPT_MS = 60_000; // a large file takes its time to be written

/** Has the browser save a file, which it never shows as a page. */
export function save(name: string, data: BlobPart): void {
  const href = URL.createObjectURL(new Blob([data], { type: 'application/octet-stream' }));
  Object.assign(document.createElement('a'), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), KEPT_MS);
}
