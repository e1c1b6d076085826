// The page's end of the worker that trains networks.

import { Engine } from './engine';
import type { LearnApi } from './learners';
import address from './networks.worker.ts?worker&url';
import type { TrainApi } from './protocol';

type Events = ConstructorParameters<typeof Engine>[1];

/** For the Train page. */
export const trainEngine = (events: Events) => new Engine<TrainApi>(address, events, true, 'train');

/** For the page of one's own pictures. */
export const learnEngine = (events: Events) => new Engine<LearnApi>(address, events, true, 'learn');
