// MNIST as the site serves it: gzipped IDX files, the training images in six parts of 10,000.

const PART = 10_000; // images in each part of the training set

/** Numbers of the parts that hold the first training images. @param {number} images */
export const partsOf = (images) => Array.from({ length: Math.ceil(images / PART) }, (_, part) => part);

/** Files, by the name they have below Python's folder for a part. @typedef {Record<string, Uint8Array>} Files */

const set = (/** @type {string} */ prefix, /** @type {string} */ suffix) => [
  `mnist/${prefix}-images${suffix}.gz`,
  `mnist/${prefix}-labels${suffix}.gz`,
];

/** The two paths of a training part, images and labels. */
export const trainingPaths = (/** @type {number} */ part) => set('train', `-${part}`);

/** The two paths of the test set. */
export const testPaths = () => set('t10k', '');

/**
 * Both files of one part, unpacked, by the names that MNIST's files have had since 1998.
 *
 * @param {import('./downloads.js').Downloads} downloads
 * @param {string[]} paths
 * @returns {Promise<Files>}
 */
export async function fetchPart(downloads, [imagesPath, labelsPath]) {
  const [images, labels] = await Promise.all([downloads.gunzipped(imagesPath), downloads.gunzipped(labelsPath)]);
  const prefix = imagesPath.startsWith('mnist/train') ? 'train' : 't10k';
  return { [`${prefix}-images-idx3-ubyte`]: images, [`${prefix}-labels-idx1-ubyte`]: labels };
}
