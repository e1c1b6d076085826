// How classes are called.

import { texts } from '../app/language.svelte';
import type { Group, Trained } from './kept';

const text = texts(
  { unnamed: (i: number) => `Class ${i}`, gone: (name: string) => `${name} (deleted)` },
  { unnamed: (i) => `クラス ${i}`, gone: (name) => `${name}(削除済み)` },
);

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

/**
 * What a network's classes are called: as the groups are, whose names these are, or as they were if they are gone. Where
 * another class has that name now, as those without a name have once one before them is gone, it is told apart.
 */
export function namesLearnt(trained: Trained, groups: Group[], names: string[]): string[] {
  const former = (name: string) => (names.includes(name) ? text().gone(name) : name);
  return trained.groups.map((id, i) => names[groups.findIndex((group) => group.id === id)] ?? former(trained.names[i]));
}
