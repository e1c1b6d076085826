// What comes in: pictures that are taken, chosen or dropped, folders as classes, projects; and what became of them.

import { listed, sentences, texts } from '../app/language.svelte';
import { count } from '../app/numbers';
import type { Way } from '../engine/learners';
import { type Collection, LEAST_CLASSES, MOST_CLASSES, MOST_PICTURES } from './collection.svelte';
import { type Found, ofDrop } from './found';
import type { Group, Picture } from './kept';
import { openProject } from './project';
import { asKept, MOST_PIXELS, NoPicture, ofFile, type Shot } from './shots';
import { NoZip } from './zip';

const TOGETHER = 8; // pictures that are shown and kept at once, while many are read
const NAMED = 5; // files or folders, in a sentence that tells of many
const limit = count(MOST_PICTURES);

const text = texts(
  {
    reading: (n: number, all: number) => `Reading pictures: ${n} of ${all}`,
    unreadable: (names: string) =>
      `This browser cannot read these as pictures: ${names}. Try PNG or JPEG files of up to ${Math.floor(MOST_PIXELS / 1e6)} million pixels.`,
    more: (names: string, n: number) => `${names} and ${n} more`,
    noZip: 'The archive could not be read: it is damaged, not a zip file, or no longer where it was.',
    busy: 'Wait until training or loading ends, or stop training; then open the project.',
    noProject:
      'This file is not a project with pictures, or it is damaged. Projects of the training page are opened there.',
    full: `The limit is ${limit} pictures: remove some first.`,
    large: (n: number) => `The project was not opened: it has ${count(n)} pictures, and the limit is ${limit}.`,
    most: (n: number) => `The limit is ${limit} pictures. ${n === 1 ? 'One was' : `${count(n)} were`} left out.`,
    left: (names: string) => `The limit is ${MOST_CLASSES} classes. Left out: ${names}.`,
    dropHere: 'To add several pictures at once, drop them on a class, or drop one folder per class.',
  },
  {
    reading: (n, all) => `画像を読み込んでいます: ${n} / ${all}`,
    unreadable: (names) =>
      `このブラウザで読める画像ではありません: ${names}。${(MOST_PIXELS / 1e8).toFixed(2)} 億画素までの PNG か JPEG のファイルを試してください。`,
    more: (names, n) => `${names} ほか ${n} 件`,
    noZip: 'アーカイブを読めません。壊れているか、zip ファイルではないか、元の場所にありません。',
    busy: '学習や読み込みが終わるのを待つか、学習を停止してから、プロジェクトを開いてください。',
    noProject:
      '画像の入ったプロジェクトではないか、ファイルが壊れています。学習のページのプロジェクトは、そちらで開いてください。',
    full: `画像は ${limit} 枚までです。先にいくつか削除してください。`,
    large: (n) => `プロジェクトを開けませんでした。画像が ${count(n)} 枚あり、${limit} 枚を超えています。`,
    most: (n) => `画像は ${limit} 枚までです。${count(n)} 枚は入りませんでした。`,
    left: (names) => `クラスは ${MOST_CLASSES} 個までです。次のものは入りませんでした: ${names}`,
    dropHere: '複数の画像は、クラスの上にドロップするか、クラスごとのフォルダに入れてドロップしてください。',
  },
);

interface Events {
  /** One picture came, to be looked at by the network of this way. */
  show: (way: Way, shot: Shot) => void;
  /** A project was opened, and takes the place of the classes of its way; whether it may. */
  onProject: (way: Way, open: () => Group[], weights: Uint8Array<ArrayBuffer> | null) => boolean;
}

export class Intake {
  /** What happened last to the pictures. */
  happened = $state.raw<() => string>(() => '');

  readonly #collection: Collection;
  readonly #events: Events;
  /** How much goes on at a time: several classes may take files in. */
  #underWay = 0;
  /** Of all that goes on: the pictures that were read, and those that there are. */
  #read = 0;
  #all = 0;
  /** What is to be told of it at the end. */
  #unreadable: string[] = [];
  #notes: (() => string)[] = [];
  #isLeft = false;

  constructor(collection: Collection, events: Events) {
    this.#collection = collection;
    this.#events = events;
  }

  /** Says what happened. */
  tell(what: () => string): void {
    this.happened = what;
  }

  /** The page is left: what is not read yet does not come. */
  leave(): void {
    this.#isLeft = true;
  }

  /** Whether one more picture may come; that it may not is told. */
  hasRoom(way: Way): boolean {
    const isFull = this.#collection.count(way) >= MOST_PICTURES;
    this.tell(() => (isFull ? text().full : ''));
    return !isFull;
  }

  /** Adds files to a class. */
  add(group: Group, coming: Promise<Found[]>): Promise<void> {
    return this.#doing(async () => this.#addAll(group.way, await this.#listed(coming), () => group));
  }

  /** Opens a picture, to be looked at. */
  open(way: Way, coming: Promise<Found[]>): Promise<void> {
    return this.#doing(async () => {
      const [first] = await this.#listed(coming);
      if (first) await this.#readAll([first], (_, shot) => this.#events.show(way, shot));
    });
  }

  /** What was dropped beside the classes: a picture is looked at; folders are classes. */
  drop(way: Way, transfer: DataTransfer): Promise<void> {
    const dropped = [...transfer.files];
    const coming = ofDrop(transfer);
    return this.#doing(async () => {
      const found = await this.#listed(coming);
      if (
        dropped.length === 1 &&
        /\.zip$/i.test(dropped[0].name) &&
        found.some(({ name }) => name === 'project.json')
      ) {
        return this.openProject(dropped[0]);
      }
      if (found.length === 1 && !found[0].folder) return this.open(way, Promise.resolve(found));
      const left: string[] = [];
      const folders = new Map<string, Found[]>();
      for (const each of found) {
        const files = folders.get(each.folder);
        if (files) files.push(each);
        else folders.set(each.folder, [each]);
      }
      for (const [folder, files] of folders) {
        if (this.#isLeft) return;
        if (!folder) continue;
        let group: Group | null = null; // once there is a picture for it
        if (this.#canHave(way, folder)) await this.#addAll(way, files, () => (group ??= this.#groupFor(way, folder)));
        else left.push(folder);
      }
      if (left.length) this.#notes.push(() => text().left(named(left)));
      else if (folders.has('')) this.#notes.push(() => text().dropHere);
    });
  }

  openProject(file: File): Promise<void> {
    return this.#doing(async () => {
      try {
        const project = await openProject(file);
        if (!project || project.classes.length < LEAST_CLASSES || project.classes.length > MOST_CLASSES) {
          this.#notes.push(() => text().noProject);
          return;
        }
        const { way, weights } = project;
        const all = project.classes.reduce((sum, { files }) => sum + files.length, 0);
        if (!all) {
          this.#notes.push(() => text().noProject);
          return;
        }
        if (all > MOST_PICTURES) {
          this.#notes.push(() => text().large(all));
          return;
        }
        const classes: { name: string; files: Picture['file'][] }[] = [];
        for (const { name, files } of project.classes) {
          const readable: Picture['file'][] = [];
          for (const { name, bytes } of files) {
            await this.#unlessUnreadable(name, async () => readable.push(await asKept(bytes, name)));
          }
          classes.push({ name, files: readable });
        }
        if (this.#isLeft) return;
        const open = () => this.#collection.replace(way, classes);
        if (!this.#events.onProject(way, open, weights)) this.#notes.push(() => text().busy);
      } catch (error) {
        if (!(error instanceof NoZip)) throw error;
        this.#notes.push(() => text().noProject);
      }
    });
  }

  /** Does something. What there is to tell of it, and of what goes on beside it, is told once all of it is done. */
  async #doing(what: () => Promise<void>): Promise<void> {
    if (this.#underWay++ === 0) [this.#read, this.#all, this.#unreadable, this.#notes] = [0, 0, [], []];
    try {
      await what();
    } finally {
      if (--this.#underWay === 0) {
        const [unreadable, notes] = [this.#unreadable, this.#notes];
        if (unreadable.length) notes.unshift(() => text().unreadable(named(unreadable)));
        this.tell(() => sentences(notes.map((note) => note())));
      }
    }
  }

  /** Reads files one after the other, since a huge one takes much memory; what is no picture is told. */
  async #readAll(found: Found[], take: (file: Picture['file'], shot: Shot) => void): Promise<void> {
    this.#all += found.length;
    for (const { name, blob } of found) {
      if (this.#isLeft) return;
      const [read, all] = [this.#read, this.#all];
      if (all > 1) this.tell(() => text().reading(read, all));
      await this.#unlessUnreadable(name, async () => {
        const shot = await ofFile(await blob(), name);
        take(await shot.file(), shot);
      });
      this.#read++;
    }
  }

  /** Reads a picture; that it is none is told at the end. */
  async #unlessUnreadable(name: string, read: () => Promise<unknown>): Promise<void> {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof NoPicture) && !(error instanceof NoZip)) throw error;
      this.#unreadable.push(name);
    }
  }

  /** The files that were chosen; what is no archive is told. */
  async #listed(coming: Promise<Found[]>): Promise<Found[]> {
    try {
      return await coming;
    } catch (error) {
      if (!(error instanceof NoZip)) throw error;
      this.#notes.push(() => text().noZip);
      return [];
    }
  }

  /** Adds pictures to the class that is asked for once there is one of them. */
  async #addAll(way: Way, found: Found[], groupOf: () => Group | null): Promise<void> {
    let waiting: Picture['file'][] = [];
    const flush = () => {
      const group = waiting.length ? groupOf() : null;
      if (group) this.#collection.add(group.id, waiting);
      waiting = [];
    };
    const room = Math.max(0, MOST_PICTURES - this.#collection.count(way));
    const more = found.length - room;
    if (more > 0) this.#notes.push(() => text().most(more));
    try {
      await this.#readAll(found.slice(0, room), (file) => {
        waiting.push(file);
        if (waiting.length >= TOGETHER) flush();
      });
    } finally {
      flush(); // also where the browser cannot go on
    }
  }

  /** The class with a name, or an empty one without a name. */
  #find(way: Way, name: string): Group | undefined {
    const groups = this.#collection.groups(way);
    const empty = (group: Group) => !group.name.trim() && !this.#collection.of(group).length;
    return groups.find((group) => group.name.trim() === name) ?? groups.find(empty);
  }

  /** Whether there is a class with a name, or may be one more. */
  #canHave(way: Way, name: string): boolean {
    return this.#find(way, name) !== undefined || this.#collection.groups(way).length < MOST_CLASSES;
  }

  /** The class with a name, which an empty one without a name becomes; null where there are enough. */
  #groupFor(way: Way, name: string): Group | null {
    const found = this.#find(way, name);
    if (!found) return this.#collection.addGroup(way, name);
    if (!found.name.trim()) this.#collection.rename(found.id, name);
    return found;
  }
}

/** The first of some names, and how many more there are. */
function named(names: string[]): string {
  const first = listed(names.slice(0, NAMED));
  return names.length > NAMED ? text().more(first, names.length - NAMED) : first;
}
