// Reads zip archives piece by piece: the list first, then one file at a time, so that an archive may be larger than the
// memory.

/** A file that is no zip archive, or a damaged one, or one of a kind that is not read. */
export class NoZip extends Error {
  override name = 'NoZip';
}

/** A file in an archive. */
export interface Entry {
  path: string;
  /** Of the unpacked file, as the archive says. */
  size: number;
  bytes: () => Promise<Uint8Array<ArrayBuffer>>;
}

const END = 0x06054b50;
const LISTED = 0x02014b50;
const LOCAL = 0x04034b50;
const END_LENGTH = 22;
const LONGEST_COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;
const LARGEST_LIST = 1 << 24;
const MOST_RATIO = 1032; // of deflate

/** A part of the archive, which may have been moved or changed since it was chosen. */
async function bytesOf(part: Blob): Promise<ArrayBuffer> {
  try {
    return await part.arrayBuffer();
  } catch {
    throw new NoZip('it cannot be read');
  }
}

const viewOf = async (part: Blob) => new DataView(await bytesOf(part));

/** The files of an archive, in its order; folders are none. */
export async function listed(archive: Blob): Promise<Entry[]> {
  try {
    return await read(archive);
  } catch (error) {
    if (error instanceof RangeError) throw new NoZip('it ends too early'); // a number beyond the end was read
    throw error;
  }
}

async function read(archive: Blob): Promise<Entry[]> {
  const tailStart = Math.max(0, archive.size - END_LENGTH - LONGEST_COMMENT);
  const tail = await viewOf(archive.slice(tailStart));
  let at = tail.byteLength - END_LENGTH;
  while (at >= 0 && tail.getUint32(at, true) !== END) at--;
  if (at < 0) throw new NoZip('it is no zip archive');
  const count = tail.getUint16(at + 10, true);
  const length = tail.getUint32(at + 12, true);
  const start = tail.getUint32(at + 16, true);
  if (count === 0xffff || start === 0xffffffff) throw new NoZip('it is larger than 4 GB');
  if (length > LARGEST_LIST) throw new NoZip('its list of files is too long');
  const list = await viewOf(archive.slice(start, start + length));
  const entries: Entry[] = [];
  for (let i = 0, place = 0; i < count; i++) {
    if (list.getUint32(place, true) !== LISTED) throw new NoZip('its list of files is damaged');
    const flags = list.getUint16(place + 8, true);
    const method = list.getUint16(place + 10, true);
    const packed = list.getUint32(place + 20, true);
    const size = list.getUint32(place + 24, true);
    const [name, extra, comment] = [28, 30, 32].map((offset) => list.getUint16(place + offset, true));
    const offset = list.getUint32(place + 42, true);
    const path = new TextDecoder().decode(new Uint8Array(list.buffer, place + 46, name));
    place += 46 + name + extra + comment;
    if (path.endsWith('/')) continue;
    const bytes = () => {
      if (flags & 1) throw new NoZip('it is encrypted');
      return unpacked(archive, offset, method, packed, size);
    };
    entries.push({ path, size, bytes });
  }
  return entries;
}

async function unpacked(archive: Blob, offset: number, method: number, packed: number, size: number) {
  const head = await viewOf(archive.slice(offset, offset + 30));
  if (head.byteLength < 30 || head.getUint32(0, true) !== LOCAL) throw new NoZip('it is damaged');
  const start = offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const held = archive.slice(start, start + packed);
  if (method === STORED) {
    if (packed !== size) throw new NoZip('it is damaged');
    return new Uint8Array(await bytesOf(held));
  }
  if (method !== DEFLATED) throw new NoZip('it is packed in an unusual way');
  if (size > MOST_RATIO * (packed + 1)) throw new NoZip('it is damaged'); // no such data unpack to so much
  const bytes = new Uint8Array(size);
  let filled = 0;
  const reader = held.stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
    if (done) break;
    if (!value || filled + value.length > size) throw new NoZip('it is damaged'); // more than it says
    bytes.set(value, filled);
    filled += value.length;
  }
  if (filled !== size) throw new NoZip('it is damaged');
  return bytes;
}
