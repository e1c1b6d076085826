// Bytes as a part of a link: compressed, in letters that stand in any address. It goes behind the #, so that what is in
// it never reaches a server.

/** Characters of a link; longer ones are cut by what carries them. */
export const MOST_LINK = 16_000;

/** Why something does not fit into a link, or a link does not hold it. */
export class LinkError extends Error {
  override name = 'LinkError';

  constructor(
    readonly reason: 'long' | 'damaged',
    /** Of a link that is too long, in characters. */
    readonly size = 0,
  ) {
    super(reason);
  }
}

/** Throws a LinkError if it is too long. */
export function checkLength(link: string): void {
  if (link.length > MOST_LINK) throw new LinkError('long', link.length);
}

export const base64 = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

export async function packed(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const text = base64(await through(new CompressionStream('deflate'), bytes, Number.POSITIVE_INFINITY));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * The other way; throws a LinkError.
 *
 * @param most  bytes that it may be
 */
export async function unpacked(text: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  checkLength(text);
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) =>
      letter.charCodeAt(0),
    );
    return await through(new DecompressionStream('deflate'), bytes, most);
  } catch (error) {
    throw error instanceof LinkError ? error : new LinkError('damaged');
  }
}

async function through(
  stream: CompressionStream | DecompressionStream,
  bytes: Uint8Array<ArrayBuffer>,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(pieces).arrayBuffer());
    size += value.length;
    if (size > most) {
      reader.cancel().catch(() => {});
      throw new LinkError('long', size);
    }
    pieces.push(value as Uint8Array<ArrayBuffer>);
  }
}
