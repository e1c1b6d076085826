// `import digits from 'virtual:first-digits'` gives the first test images of MNIST, which a page shows before any Python.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { crc32, deflateSync, gunzipSync } from 'node:zlib';
import { virtual } from './virtual.js';

const COUNT = 30;
const SIDE = 28;

/** A chunk of a PNG file. @param {string} type @param {Uint8Array} content */
function chunk(type, content) {
  const body = Buffer.concat([Buffer.from(type), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** Black ink on nothing, as a PNG file in an address. @param {Uint8Array} ink  28 x 28 */
function picture(ink) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIDE, 0);
  header.writeUInt32BE(SIDE, 4);
  header.set([8, 4], 8); // bits a channel; grey with alpha
  const rows = Buffer.alloc(SIDE * (1 + 2 * SIDE)); // each begins with its filter, none
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      rows[row * (1 + 2 * SIDE) + 2 + 2 * column] = ink[row * SIDE + column];
    }
  }
  const file = Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
  return `data:image/png;base64,${file.toString('base64')}`;
}

/** @param {string} output  where the site is built, with its folder mnist/ @returns {import('vite').Plugin} */
export const firstDigits = (output) =>
  virtual('first-digits', () => {
    const [images, labels] = ['images', 'labels'].map((kind) =>
      gunzipSync(readFileSync(resolve(output, `mnist/t10k-${kind}.gz`))),
    );
    const digits = Array.from({ length: COUNT }, (_, i) => ({
      label: labels[8 + i],
      picture: picture(images.subarray(16 + i * SIDE * SIDE, 16 + (i + 1) * SIDE * SIDE)),
    }));
    return `export default ${JSON.stringify(digits)};`;
  });
