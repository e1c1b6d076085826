// Chapter 55: how a convolution computes.

import { startChapter } from './chapter.js';
import { startDirections } from './directions.js';
import { startNetwork } from './network.js';
import { startOutsize } from './outsize.js';
import { startBias, startPadding, startStride } from './shifts.js';
import { startSum } from './sum.js';

startChapter(startNetwork, startSum, startDirections, startBias, startPadding, startStride, startOutsize);
