// Chapter 57: a convolution as a product of matrices.

import { startAddBack } from './add-back.js';
import { startChapter } from './chapter.js';
import { startFold } from './fold.js';
import { startMemory } from './memory.js';
import { startPoolRows } from './pool-rows.js';
import { startProduct } from './product.js';
import { startTaps } from './taps.js';
import { startUnfold } from './unfold.js';

startChapter(startUnfold, startProduct, startFold, startTaps, startPoolRows, startAddBack, startMemory);
