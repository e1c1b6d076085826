// Where the windows of the pooling figure lie.

import { outLength } from '../arrays';
import type { Knobs } from '../plan';

export const SIZE = 4; // of the image that is pooled, both ways

/** How many windows fit, both ways. */
export const placesOf = ({ kernel_size, stride }: Knobs): number => outLength(SIZE, kernel_size, stride);
