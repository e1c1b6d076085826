// Sizes of the layer that the figures take apart.

export const SIZE = 3; // of the images, both ways
export const KERNEL = 2;
export const CHANNELS = 3;
export const IMAGE = [CHANNELS, SIZE, SIZE];
export const OUT = SIZE - KERNEL + 1; // of the output, both ways
export const PRODUCTS = CHANNELS * KERNEL ** 2; // of a sum
