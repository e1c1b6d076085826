// Numbers as the pages write them.

import type { Progress } from '../engine/downloads';
import { texts } from './language.svelte';

/** 0.9784 as "97.84%". */
export const percent = (share: number, digits = 2): string => `${(share * 100).toFixed(digits)}%`;

/** 20000 as "20,000". */
export const count = (n: number): string => n.toLocaleString('en');

/** A digit with its English article. */
export const an = (digit: number): string => (digit === 8 ? 'an 8' : `a ${digit}`);

const text = texts(
  {
    seconds: (s: number) => `${s} s`,
    minutes: (min: number, s: number) => `${min} min ${s} s`,
    loading: (what: string, loaded: string, total: string) => `Loading ${what}: ${loaded} of ${total} MB`,
    starting: 'Starting Python …',
  },
  {
    seconds: (s) => `${s} 秒`,
    minutes: (min, s) => `${min} 分 ${s} 秒`,
    loading: (what, loaded, total) => `${what} を読み込み中: ${loaded} / ${total} MB`,
    starting: 'Python を起動しています …',
  },
);

/** 83 as "1 min 23 s". */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? text().seconds(whole) : text().minutes(Math.floor(whole / 60), whole % 60);
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** How far a download is. */
export const loadingText = (what: string, { loaded, total }: Progress): string =>
  loaded < total ? text().loading(what, megabytes(loaded), megabytes(total)) : text().starting;
