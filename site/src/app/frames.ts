// How often a page may draw, so that on a slow machine most of its frames stay free for a hand.

const SMOOTH_MS = 20; // what a frame takes that nothing delays
const REST = 4; // for each millisecond above it, nothing is drawn for so many
const MOST_MS = 500; // of them: a page that was held, or in the background, goes on at once

/** How long nothing is to be drawn after a frame that took so long; in milliseconds, as that. */
export const restAfter = (frame: number): number => Math.min(REST * Math.max(0, frame - SMOOTH_MS), MOST_MS);
