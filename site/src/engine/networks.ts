// The page's end of the worker that trains networks.

import { Engine } from './engine';
import type { Learners } from './learners';
import address from './networks.worker.ts?worker&url';
import type { Trainer } from './trainer';

type Events = ConstructorParameters<typeof Engine>[1];

/** For the Train page. */
export const trainEngine = (events: Events) => new Engine<Trainer>(address, events, true, 'train');

/** For the page of one's own pictures. */
export const learnEngine = (events: Events) => new Engine<Learners>(address, events, true, 'learn');
