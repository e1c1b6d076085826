// Chapter 57: a convolution as a product of matrices.

import { startChapter } from './chapter.js';
import { startProduct } from './product.js';
import { startUnfold } from './unfold.js';

startUnfold();
startProduct();
startChapter();
