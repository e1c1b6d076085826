// The first page of the chapters.

import { startChapter } from './chapter.js';
import { startTeaser } from './teaser.js';

startChapter(startTeaser);
