// The visitor's classes and their pictures: each change is shown, kept in the browser, and can be taken back.

import type { Way } from '../engine/learners';
import { type Group, keepPictures, keptPictures, newId, onOtherTab, type Picture } from './kept';

export const MOST_CLASSES = 20;
export const LEAST_CLASSES = 2;
export const MOST_PICTURES = 2_000; // of a way: with many more the page would be busy in each visit

interface All {
  groups: Group[];
  pictures: ReadonlyMap<number, Picture>;
}

/** A picture that has no class yet. */
export type Fresh = Pick<Picture, 'file' | 'isDrawn'>;

export class Collection {
  all = $state.raw<All>({ groups: [...fresh('photos'), ...fresh('drawings')], pictures: new Map() });
  /** Before something was taken away; null where nothing was. */
  former = $state.raw<All | null>(null);
  /** Whether the browser keeps all of it; 'full' where there is no room. */
  kept = $state<'yes' | 'full' | 'no'>('yes');

  /** The pictures of each class, oldest first. */
  #byGroup = $derived.by(() => {
    const found = new Map<number, Picture[]>(this.all.groups.map(({ id }) => [id, []]));
    for (const picture of this.all.pictures.values()) found.get(picture.group)?.push(picture);
    return found;
  });

  #saved: All = { groups: [], pictures: new Map() };
  #saving = Promise.resolve();

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
  async load(): Promise<void> {
    this.leave = onOtherTab(() => (this.#saving = this.#saving.then(() => this.#takeUp())));
    await this.#takeUp();
  }

  async #takeUp(): Promise<void> {
    const before = this.all;
    try {
      const { groups, pictures } = await keptPictures();
      if (this.all !== before) return; // changed here meanwhile, which is saved next
      this.#saved = { groups, pictures: new Map(pictures.map((each) => [each.id, each])) };
      // The two classes that a way begins with are kept once there is something to keep.
      const begun = before.groups.filter(({ way }) => !groups.some((group) => group.way === way));
      this.all = { ...this.#saved, groups: [...groups, ...begun] };
      this.former = null;
    } catch {
      this.kept = 'no';
    }
  }

  /** Adds pictures to a class, unless that was removed while they were read. */
  add(group: number, fresh: Fresh[]): Picture[] {
    if (!this.all.groups.some(({ id }) => id === group)) return [];
    const added = fresh.map((each) => ({ ...each, id: newId(), group }));
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
  replace(way: Way, classes: { name: string; pictures: Fresh[] }[]): Group[] {
    const gone = new Set(this.groups(way).map(({ id }) => id));
    const groups = classes.map(({ name }) => ({ id: newId(), way, name }));
    const pictures = new Map([...this.all.pictures].filter(([, picture]) => !gone.has(picture.group)));
    classes.forEach((each, i) => {
      for (const fresh of each.pictures) {
        const picture = { ...fresh, id: newId(), group: groups[i].id };
        pictures.set(picture.id, picture);
      }
    });
    this.#change({ groups: [...this.all.groups.filter(({ id }) => !gone.has(id)), ...groups], pictures }, true);
    return groups;
  }

  clear(way: Way): void {
    this.replace(way, [
      { name: '', pictures: [] },
      { name: '', pictures: [] },
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
    this.#saving = this.#saving.then(() => this.#save());
  }

  async #save(): Promise<void> {
    const { all } = this;
    const saved = new Map(this.#saved.groups.map((group) => [group.id, group]));
    const present = new Set(all.groups.map(({ id }) => id));
    try {
      await keepPictures(
        {
          groups: all.groups.filter((group) => saved.get(group.id) !== group),
          pictures: [...all.pictures.values()].filter((each) => this.#saved.pictures.get(each.id) !== each),
        },
        {
          groups: [...saved.keys()].filter((id) => !present.has(id)),
          pictures: [...this.#saved.pictures.keys()].filter((id) => !all.pictures.has(id)),
        },
      );
      this.#saved = all;
      this.kept = 'yes';
    } catch (error) {
      this.kept = (error as Error).name === 'QuotaExceededError' ? 'full' : 'no';
    }
  }
}

/** Two classes without a picture. */
function fresh(way: Way): Group[] {
  return [0, 1].map(() => ({ id: newId(), way, name: '' }));
}
