// Chapter 56: channels, kernels, batches, and pooling.

import { startChannels } from './channels.js';
import { startChapter } from './chapter.js';
import { startBatch, startBiases, startKernels } from './convolution.js';
import { startPooling } from './pooling.js';
import { startShifted } from './shifted.js';

startChapter(startChannels, startKernels, startBiases, startBatch, startPooling, startShifted);
