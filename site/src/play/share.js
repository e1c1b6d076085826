// A program in a link: compressed, behind the #, so that it never reaches a server.

const MARK = '#code=';
const MOST_LINK = 16_000; // characters of a link; longer ones are cut by what carries them
const MOST_CODE = 200_000; // bytes that a link may unpack to

/** Why a program does not fit into a link, or a link holds no program. */
export class LinkError extends Error {
  name = 'LinkError';

  /** @param {'long' | 'damaged'} reason @param {number} [size]  of a link that is too long, in characters */
  constructor(reason, size = 0) {
    super(reason);
    this.reason = reason;
    this.size = size;
  }

  static most = MOST_LINK;
}

/**
 * The link to the playground with a program.
 *
 * @param {string} code
 * @returns {Promise<string>}
 * @throws {LinkError}
 */
export async function linkTo(code) {
  const bytes = await through(new CompressionStream('deflate'), new TextEncoder().encode(code));
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  const link =
    new URL('play.html', document.baseURI).href +
    MARK +
    text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  if (link.length > MOST_LINK) throw new LinkError('long', link.length);
  return link;
}

/**
 * The program of a link.
 *
 * @param {string} fragment  of its address, with the #
 * @returns {Promise<string | null>}  null if it carries none
 * @throws {LinkError} when it is damaged or holds too much
 */
export async function programOf(fragment) {
  if (!fragment.startsWith(MARK)) return null;
  if (fragment.length > MOST_LINK) throw new LinkError('long', fragment.length);
  try {
    const text = atob(fragment.slice(MARK.length).replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const code = await through(new DecompressionStream('deflate'), bytes);
    return new TextDecoder('utf-8', { fatal: true }).decode(code);
  } catch (error) {
    throw error instanceof LinkError ? error : new LinkError('damaged');
  }
}

/** @param {CompressionStream | DecompressionStream} stream @param {Uint8Array<ArrayBuffer>} bytes */
async function through(stream, bytes) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const pieces = [];
  let size = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(pieces).arrayBuffer());
    size += value.length;
    if (size > MOST_CODE) {
      reader.cancel().catch(() => {});
      throw new LinkError('long', size);
    }
    pieces.push(/** @type {Uint8Array<ArrayBuffer>} */ (value));
  }
}
