// How classes are called.

import { texts } from '../app/language.svelte';
import type { Group, Trained } from './kept';

const text = texts({ unnamed: (i: number) => `Class ${i}` }, { unnamed: (i) => `クラス ${i}` });

/** How a class without a name is called, too; `index` is its place. */
export const nameOf = ({ name }: Group, index: number): string => name.trim() || text().unnamed(index + 1);

/** Different names for all: a file needs them. */
export function namesOf(groups: Group[]): string[] {
  const found: string[] = [];
  groups.forEach((group, index) => {
    const name = nameOf(group, index);
    let unique = name;
    for (let i = 2; found.includes(unique); i++) unique = `${name} ${i}`;
    found.push(unique);
  });
  return found;
}

/** What a network's classes are called: as the groups are, whose names these are, or as they were if they are gone. */
export const namesLearnt = (trained: Trained, groups: Group[], names: string[]): string[] =>
  trained.groups.map((id, i) => names[groups.findIndex((group) => group.id === id)] ?? trained.names[i]);
