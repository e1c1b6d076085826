// The visitor's classes and their pictures: each change is shown, kept in the browser, and can be taken back.

import type { Way } from '../engine/learners';
import { type Group, keepPictures, keptPictures, newId, onChangedElsewhere, type Picture } from './kept';

export const MOST_CLASSES = 20;
export const LEAST_CLASSES = 2;
export const MOST_PICTURES = 2_000; // of a way: with many more the page would be busy in each visit

const WAIT_MS = 2_000; // for the browser's answer, before it is told that there is none

interface All {
  groups: Group[];
  pictures: ReadonlyMap<number, Picture>;
}

const NOTHING: All = { groups: [], pictures: new Map() };

export class Collection {
  /** The two classes that a way begins with: they are kept once there is something else to keep. */
  #begun: Group[] = [...fresh('photos'), ...fresh('drawings')];
  all = $state.raw<All>({ ...NOTHING, groups: this.#begun });
  /** Before something was taken away; null where nothing was. */
  former = $state.raw<All | null>(null);
  /** Whether the browser keeps all of it; 'full' where there is no room, 'late' where it does not answer. */
  kept = $state<'yes' | 'full' | 'no' | 'late'>('yes');

  /** The pictures of each class, oldest first. */
  #byGroup = $derived.by(() => {
    const found = new Map<number, Picture[]>(this.all.groups.map(({ id }) => [id, []]));
    for (const picture of this.all.pictures.values()) found.get(picture.group)?.push(picture);
    return found;
  });

  /** What the browser keeps, as far as is known here. */
  #saved = NOTHING;
  /** Whether that could be read. */
  #isRead = false;
  #saving = Promise.resolve();

  /** The visitor has deleted what the browser kept. */
  onCleared = () => {};

  /** The page is left: what other tabs change is no longer followed. */
  leave = () => {};

  groups(way: Way): Group[] {
    return this.all.groups.filter((group) => group.way === way);
  }

  of(group: Group): Picture[] {
    return this.#byGroup.get(group.id) ?? [];
  }

  count(way: Way): number {
    return this.groups(way).reduce((sum, group) => sum + this.of(group).length, 0);
  }

  /** Takes up what the last visit left, and from then on what other tabs change. */
  load(): Promise<void> {
    const takeUp = () =>
      this.#next(async () => {
        if ((await this.#read()) === 'kept') await this.#save(); // what there was no room for
      });
    this.leave = onChangedElsewhere(takeUp);
    return takeUp();
  }

  /** Does some work with the database once that before it is done. */
  #next(work: () => Promise<void>): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      const timer = setTimeout(() => (this.kept = 'late'), WAIT_MS);
      await work();
      clearTimeout(timer);
    });
    return this.#saving;
  }

  /**
   * Shows what the browser keeps by now, without losing what it does not keep yet. 'cleared': the visitor has deleted it,
   * and what is shown is kept with the next change, if there is one; 'unknown': it could not be read.
   */
  async #read(): Promise<'kept' | 'cleared' | 'unknown'> {
    try {
      const { groups, pictures } = await keptPictures();
      const isCleared = !groups.length && this.#saved.groups.length > 0; // each save leaves classes
      if (isCleared) this.#saved = NOTHING;
      const kept: All = { groups, pictures: byId(pictures) };
      const isKept = ({ way }: Group) => groups.some((group) => group.way === way);
      // Those that nobody has filled or named yet make way for what is kept.
      const before: All = { ...this.#saved, groups: [...this.#saved.groups, ...this.#begun.filter(isKept)] };
      this.all = merged(before, this.all, kept);
      this.#begun = this.#begun.filter((group) => !isKept(group));
      [this.#saved, this.#isRead, this.former] = [kept, true, null];
      if (!isCleared) return 'kept';
      this.kept = 'no';
      this.onCleared();
      return 'cleared';
    } catch {
      [this.#isRead, this.kept] = [false, 'no'];
      return 'unknown';
    }
  }

  /** Adds pictures to a class, unless that was removed while they were read. */
  add(group: number, files: Picture['file'][]): Picture[] {
    if (!this.all.groups.some(({ id }) => id === group)) return [];
    const added = files.map((file) => ({ id: newId(), group, file }));
    const pictures = new Map(this.all.pictures);
    for (const picture of added) pictures.set(picture.id, picture);
    this.#change({ ...this.all, pictures });
    return added;
  }

  remove(id: number): void {
    const pictures = new Map(this.all.pictures);
    pictures.delete(id);
    this.#change({ ...this.all, pictures }, true);
  }

  rename(id: number, name: string): void {
    this.#change({ ...this.all, groups: this.all.groups.map((each) => (each.id === id ? { ...each, name } : each)) });
  }

  /** A new class; null where there are enough. */
  addGroup(way: Way, name = ''): Group | null {
    if (this.groups(way).length >= MOST_CLASSES) return null;
    const group = { id: newId(), way, name };
    this.#change({ ...this.all, groups: [...this.all.groups, group] });
    return group;
  }

  removeGroup(id: number): void {
    const groups = this.all.groups.filter((each) => each.id !== id);
    const pictures = new Map([...this.all.pictures].filter(([, picture]) => picture.group !== id));
    this.#change({ groups, pictures }, true);
  }

  /** Puts other classes in place of those of a way. */
  replace(way: Way, classes: { name: string; files: Picture['file'][] }[]): Group[] {
    const gone = new Set(this.groups(way).map(({ id }) => id));
    const groups = classes.map(({ name }) => ({ id: newId(), way, name }));
    const pictures = new Map([...this.all.pictures].filter(([, picture]) => !gone.has(picture.group)));
    classes.forEach((each, i) => {
      for (const file of each.files) {
        const picture = { id: newId(), group: groups[i].id, file };
        pictures.set(picture.id, picture);
      }
    });
    this.#change({ groups: [...this.all.groups.filter(({ id }) => !gone.has(id)), ...groups], pictures }, true);
    return groups;
  }

  clear(way: Way): void {
    this.replace(way, [
      { name: '', files: [] },
      { name: '', files: [] },
    ]);
  }

  /** Brings back what was taken away last. */
  undo(): void {
    if (this.former) this.#change(this.former);
  }

  /** Tries again to keep what the browser had no room for. */
  retry(): void {
    this.#change({ ...this.all });
  }

  #change(all: All, takesAway = false): void {
    this.former = takesAway ? this.all : null;
    this.all = all;
    this.#next(async () => {
      if (this.#isRead || (await this.#read()) !== 'unknown') await this.#save();
    });
  }

  async #save(): Promise<void> {
    const { all } = this;
    const [shown, saved] = [byId(all.groups), byId(this.#saved.groups)];
    const changed = {
      groups: all.groups.filter((group) => saved.get(group.id) !== group),
      pictures: [...all.pictures.values()].filter((each) => this.#saved.pictures.get(each.id) !== each),
    };
    const gone = {
      groups: [...saved.keys()].filter((id) => !shown.has(id)),
      pictures: [...this.#saved.pictures.keys()].filter((id) => !all.pictures.has(id)),
    };
    const isNew = changed.groups.some((group) => !this.#begun.includes(group)) || changed.pictures.length > 0;
    if (!isNew && !gone.groups.length && !gone.pictures.length) {
      this.kept = 'yes';
      return;
    }
    const filled = new Set(changed.pictures.map(({ group }) => group));
    try {
      await keepPictures(
        changed,
        all.groups.filter(({ id }) => filled.has(id)),
        gone,
      );
      [this.#saved, this.#begun, this.kept] = [all, [], 'yes'];
    } catch (error) {
      this.kept = (error as Error).name === 'QuotaExceededError' ? 'full' : 'no';
    }
  }
}

const byId = <T extends { id: number }>(all: T[]): Map<number, T> => new Map(all.map((each) => [each.id, each]));

/** What is kept, with what has been added, changed and removed here since `before`. */
function merged(before: All, here: All, kept: All): All {
  const ours = byId(here.groups);
  const groups = changedAlike(byId(before.groups), ours, byId(kept.groups));
  const pictures = changedAlike(before.pictures, here.pictures, kept.pictures);
  for (const { id, group } of pictures.values()) {
    if (groups.has(group)) continue;
    const removed = ours.get(group); // by another tab, before these pictures came
    if (removed) groups.set(group, removed);
    else pictures.delete(id);
  }
  const inOrder = (a: { id: number }, b: { id: number }) => a.id - b.id; // as they were made
  return { groups: [...groups.values()].sort(inOrder), pictures: byId([...pictures.values()].sort(inOrder)) };
}

/** `kept`, changed as `before` was to give `here`. */
function changedAlike<T>(
  before: ReadonlyMap<number, T>,
  here: ReadonlyMap<number, T>,
  kept: ReadonlyMap<number, T>,
): Map<number, T> {
  const all = new Map(kept);
  for (const id of before.keys()) if (!here.has(id)) all.delete(id);
  for (const [id, each] of here) if (before.get(id) !== each) all.set(id, each);
  return all;
}

/** Two classes without a picture. */
function fresh(way: Way): Group[] {
  return [0, 1].map(() => ({ id: newId(), way, name: '' }));
}
