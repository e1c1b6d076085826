// The worker of the pages that train networks: the Train page, and that of one's own pictures. Whoever goes from one to
// the other finds Python running; each page has its networks to itself.

import { answer } from './answering';
import { Learners } from './learners';
import { Trainer } from './trainer';

answer(new Trainer(), 'train');
answer(new Learners(), 'learn');
