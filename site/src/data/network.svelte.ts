// The worker with the networks that learn the visitor's pictures: it loads Python, brings the file of the one for photos,
// and hands over the pictures that a network does not have yet.

import { texts } from '../app/language.svelte';
import { PYODIDE_FILES } from '../engine/assets';
import type { Progress } from '../engine/downloads';
import { type Engine, EngineGone } from '../engine/engine';
import type { Learners, Way } from '../engine/learners';
import { message } from '../engine/message';
import { learnEngine } from '../engine/networks';
import type { Remote, Versions } from '../engine/protocol';
import { siteFolder } from '../engine/site';
import type { Collection } from './collection.svelte';
import { type Group, keepMaps, keptMaps, type Picture } from './kept';
import { pixelsOf } from './shots';

/** EfficientNet-Lite0. */
const BODY = 'weights/efficientnet-lite0.safetensors';

const text = texts(
  {
    loadingPython: 'Loading Python.',
    loadingBody: 'Loading the network.',
    ready: 'Ready.',
    python: 'Python',
    both: 'Python and the network',
    body: 'the network',
  },
  {
    loadingPython: 'Python を読み込んでいます。',
    loadingBody: 'ネットワークを読み込んでいます。',
    ready: '準備ができました。',
    python: 'Python',
    both: 'Python とネットワーク',
    body: 'ネットワーク',
  },
);

export interface Download {
  what: () => string;
  progress: Progress;
}

interface Events {
  /** What just happened. */
  tell: (what: () => string) => void;
  /** The worker has ended; the next one has to be told all. */
  onGone: (error: EngineGone) => void;
}

/** Of a picture: what an earlier visit kept of the network's work, or else its pixels. */
interface Food {
  kept?: Uint8Array;
  pixels?: Uint8Array;
}

const TOGETHER = 4; // pictures that the network takes in at once: a quarter less work than one by one

export class Network {
  /** What is being loaded. */
  download = $state.raw<Download | null>(null);
  versions = $state.raw<Versions | null>(null);
  /** How many of the pictures each network has taken in; one that cannot be read counts, too. */
  takenIn = $state<Record<Way, number>>({ photos: 0, drawings: 0 });
  /** Which networks take pictures in now. */
  takesIn = $state<Record<Way, boolean>>({ photos: false, drawings: false });
  /** Whether its Python goes on. */
  runs = $state(false);

  readonly #collection: Collection;
  readonly #events: Events;
  #engine: Engine<Learners> | null = null;
  /** Each is loaded once by an engine. */
  #loading: Partial<Record<'python' | Way, Promise<void>>> = {};
  /** Whether the network's file came along with Python. */
  #hasBody = false;
  /** Pictures that the engine has. */
  #known: Record<Way, Set<number>> = { photos: new Set(), drawings: new Set() };
  /** Pictures that the browser kept, and cannot read any more. */
  #broken = new Set<number>();
  #feeding: Partial<Record<Way, Promise<void>>> = {};

  constructor(collection: Collection, events: Events) {
    this.#collection = collection;
    this.#events = events;
  }

  /** Loads what is missing, and has the network take in the pictures that are new. */
  async prepare(way: Way): Promise<void> {
    await this.#load(way);
    await this.#feed(way, this.#present);
  }

  async call<T>(request: (api: Remote<Learners>) => T): Promise<Awaited<T>> {
    return this.#present.call(request);
  }

  /** Pictures that it could take in: a damaged one is left out. */
  usable(way: Way, group: Group): Picture[] {
    return this.#collection.of(group).filter(({ id }) => this.#known[way].has(id));
  }

  /** The page is left: a worker that does nothing is kept for when it is opened again. */
  leave(isIdle: boolean): void {
    if (isIdle) this.#engine?.release((api) => api.reset());
    else this.#engine?.terminate();
  }

  get #present(): Engine<Learners> {
    if (!this.#engine) throw new EngineGone(message('stopped'));
    return this.#engine;
  }

  #load(way: Way): Promise<void> {
    this.#loading.python ??= this.#start(way);
    const { python } = this.#loading;
    this.#loading[way] ??= python.then(() => (way === 'photos' ? this.#bringBody() : undefined));
    return this.#loading[way].catch((error) => {
      if (this.#engine && way === 'photos') delete this.#loading.photos; // the next one tries again
      throw error;
    });
  }

  /** Python, and with it the file of the network that is wanted. */
  async #start(way: Way): Promise<void> {
    const onGone = (error: EngineGone) => {
      if (engine !== this.#engine) return;
      this.#reset();
      this.#events.onGone(error);
    };
    const engine = learnEngine({ onGone });
    this.#engine = engine;
    this.#events.tell(() => text().loadingPython);
    const progress = (progress: Progress) =>
      (this.download = { what: () => text()[way === 'photos' ? 'both' : 'python'], progress });
    try {
      this.#hasBody = way === 'photos';
      const files = this.#hasBody ? [...PYODIDE_FILES, BODY] : PYODIDE_FILES;
      this.versions = await engine.load((api) => api.load(siteFolder()), files, progress);
      this.runs = true;
      this.#events.tell(() => text().ready);
    } catch (error) {
      this.#reset();
      engine.terminate();
      throw error;
    } finally {
      this.download = null;
    }
  }

  async #bringBody(): Promise<void> {
    const engine = this.#engine;
    if (!engine) return;
    this.#events.tell(() => text().loadingBody);
    const progress = (progress: Progress) => (this.download = { what: () => text().body, progress });
    try {
      const files = this.#hasBody ? [] : [BODY];
      this.#hasBody = false; // once it is taken, or could not be fetched
      await engine.load((api) => api.loadBody(BODY), files, progress);
      this.#events.tell(() => text().ready);
    } finally {
      this.download = null;
    }
  }

  /**
   * Hands the pictures to the network that it does not have yet. One at a time does it for a way.
   *
   * @param engine  the present one: where it dies meanwhile, the next one is still loading
   */
  async #feed(way: Way, engine: Engine<Learners>): Promise<void> {
    while (this.#feeding[way]) await this.#feeding[way].catch(() => {});
    this.#feeding[way] = this.#feedAll(way, engine);
    this.takesIn[way] = true;
    try {
      await this.#feeding[way];
    } finally {
      delete this.#feeding[way];
      this.takesIn[way] = false;
    }
  }

  async #feedAll(way: Way, engine: Engine<Learners>): Promise<void> {
    const known = this.#known[way];
    const pictures = () => this.#collection.groups(way).flatMap((group) => this.#collection.of(group));
    const gone = [...known].filter((id) => !this.#collection.all.pictures.has(id));
    if (gone.length) {
      await engine.call((api) => api.forget(way, gone));
      for (const id of gone) known.delete(id);
    }
    const waiting = (besides: Picture[]) =>
      pictures()
        .filter((each) => !known.has(each.id) && !this.#broken.has(each.id) && !besides.includes(each))
        .slice(0, TOGETHER);
    const ahead = (some: Picture[]) => Promise.all(some.map((each) => this.#food(way, each)));
    const count = () => {
      this.takenIn[way] = pictures().filter(({ id }) => known.has(id) || this.#broken.has(id)).length;
    };
    count();
    let next = waiting([]);
    let food = ahead(next);
    while (next.length) {
      const [now, given] = [next, await food];
      next = waiting(now);
      food = ahead(next); // made ready while the network is busy
      await this.#takeIn(way, engine, now, given);
      count();
      if (next.length) continue;
      next = waiting([]);
      food = ahead(next);
    }
  }

  /** What the network takes in of a picture; none where it is damaged. */
  async #food(way: Way, { id, file }: Picture): Promise<Food> {
    const kept = way === 'photos' ? await keptMaps(id).catch(() => undefined) : undefined;
    return kept ? { kept } : { pixels: await pixelsOf(way, file).catch(() => undefined) };
  }

  async #takeIn(way: Way, engine: Engine<Learners>, pictures: Picture[], food: Food[]): Promise<void> {
    const items = pictures.map(({ id }, i) => ({ id, ...food[i] }));
    const former = items.flatMap(({ id, kept }) => (kept ? { id, kept } : []));
    const fresh = items.flatMap(({ id, pixels }) => (pixels ? { id, pixels } : []));
    const idsOf = (some: { id: number }[]) => some.map(({ id }) => id);
    if (former.length) {
      const maps = former.map(({ kept }) => kept);
      await engine.call((api) => api.put(idsOf(former), maps));
    }
    if (fresh.length) {
      const pixels = fresh.map((each) => each.pixels);
      const maps = await engine.call((api) => api.add(way, idsOf(fresh), pixels));
      if (way === 'photos') fresh.forEach(({ id }, i) => keepMaps(id, maps[i]).catch(() => {}));
    }
    for (const { id, kept, pixels } of items) (kept || pixels ? this.#known[way] : this.#broken).add(id);
  }

  #reset(): void {
    this.#engine = null;
    this.#loading = {};
    this.#known = { photos: new Set(), drawings: new Set() };
    [this.runs, this.takenIn, this.download] = [false, { photos: 0, drawings: 0 }, null];
  }
}
