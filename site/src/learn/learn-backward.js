// Beyond the book: where gradients go, and the gradients of gradients.

import { startAdjoint } from './adjoint.js';
import { startChapter } from './chapter.js';
import { startFlow } from './flow.js';
import { startRouting } from './routing.js';
import { startSecond } from './second.js';
import { startWeights } from './weights.js';

startChapter(startFlow, startAdjoint, startWeights, startRouting, startSecond);
