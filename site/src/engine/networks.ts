// The page's end of the worker that trains networks.

import { Engine } from './engine';
import type { LearnApi } from './learners';
import address from './networks.worker.ts?worker&url';
import type { TrainApi } from './protocol';

type Events = ConstructorParameters<typeof Engine>[2];

/** For the Train page. `base` is the site's address, with its last slash. */
export const trainEngine = (base: string, events: Events) => new Engine<TrainApi>(base, address, events, true, 'train');

/** For the page of one's own pictures. */
export const learnEngine = (base: string, events: Events) => new Engine<LearnApi>(base, address, events, true, 'learn');
