// What the page of one's own pictures can do: train a network on them, ask it, and take it away. There is one network for
// photos, and one for drawings.

import { type Fault, faultOf } from '../app/fault';
import { texts } from '../app/language.svelte';
import { EngineGone } from '../engine/engine';
import type { Learners, Step, Take, Way } from '../engine/learners';
import type { Remote } from '../engine/protocol';
import type { Collection } from './collection.svelte';
import { type Group, keepModel, keptModel, type Trained } from './kept';
import { Looking } from './looking.svelte';
import { namesLearnt, namesOf } from './names';
import { Network } from './network.svelte';

const text = texts(
  {
    training: 'Training.',
    trained: 'Trained.',
    stopping: 'Stopping.',
    stopped: 'Training has stopped.',
    misfit: 'The project’s network does not match this one. Its pictures are loaded; train again.',
    opened: (n: number) => `Project opened: ${n} ${n === 1 ? 'picture' : 'pictures'}.`,
  },
  {
    training: '学習しています。',
    trained: '学習が終わりました。',
    stopping: '停止しています。',
    stopped: '学習を停止しました。',
    misfit: 'プロジェクトのネットワークはここのものと異なります。画像は読み込みました。もう一度学習させてください。',
    opened: (n) => `プロジェクトを開きました。画像は ${n} 枚です。`,
  },
);

export class Own {
  way = $state<Way>('photos');
  phase = $state<'idle' | 'training' | 'stopping' | 'taking'>('idle');
  notice = $state.raw<() => string>(() => '');
  fault = $state.raw<Fault | null>(null);
  step = $state.raw<Step | null>(null);
  /** Seconds that the last training took, without loading. */
  seconds = $state<number | null>(null);
  trained = $state.raw<Record<Way, Trained | null>>({ photos: null, drawings: null });
  /** Which networks the next visit will not find: the browser could not keep them. */
  unkept = $state.raw<Record<Way, boolean>>({ photos: false, drawings: false });

  readonly network: Network;
  readonly looking: Looking;

  readonly #collection: Collection;
  /** What the worker's networks have learnt. */
  #restored: Record<Way, Trained | null> = { photos: null, drawings: null };

  constructor(collection: Collection) {
    this.#collection = collection;
    collection.onCleared = () => {
      const { photos, drawings } = this.trained;
      this.unkept = { photos: photos !== null, drawings: drawings !== null };
    };
    this.network = new Network(collection, {
      tell: (what) => (this.notice = what),
      onGone: (error) => {
        this.#restored = { photos: null, drawings: null };
        this.#tell(error);
      },
    });
    this.looking = new Looking({
      trained: () => {
        const trained = this.trained[this.way];
        return trained === this.#restored[this.way] ? trained : null;
      },
      isIdle: () => this.phase === 'idle',
      ask: ({ pixels }) => {
        const { way } = this;
        return this.#attempt((api) => api.look(way, pixels));
      },
    });
  }

  /** Whether the present way has a network that knows one of the classes; not once they are all new. */
  get isTrained(): boolean {
    const known = this.trained[this.way]?.groups;
    return this.#collection.groups(this.way).some(({ id }) => known?.includes(id));
  }

  /** Goes over to the other way. */
  turn(way: Way): void {
    this.looking.away();
    [this.way, this.seconds, this.notice] = [way, null, () => ''];
  }

  /** Takes up what earlier visits have trained. */
  async takeUp(): Promise<void> {
    const [photos, drawings] = await Promise.all([keptModel('photos'), keptModel('drawings')]).catch(() => [
      null,
      null,
    ]);
    // A browser that takes its time may answer after a training.
    this.trained = { photos: this.trained.photos ?? photos, drawings: this.trained.drawings ?? drawings };
  }

  /** Makes the network ready to train and to be asked. It fails without a word: the fault tells. */
  async prepare(): Promise<void> {
    if (this.phase !== 'idle') return; // training prepares by itself, and needs its pictures to its end
    try {
      await this.#prepare(this.way);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** Trains on the present classes; `deep` goes on with the last block, once the last layer has learnt these classes. */
  async train(deep: boolean): Promise<void> {
    if (this.phase !== 'idle') return;
    const { way } = this;
    [this.phase, this.fault, this.step, this.seconds] = ['training', null, null, null];
    try {
      await this.network.prepare(way);
      if (deep) await this.#restore(way);
      this.notice = () => text().training;
      const groups = this.#collection.groups(way).filter((group) => this.#collection.of(group).length > 0);
      const ids = groups.map(({ id }) => id);
      const { numbers, labels } = this.#examples(way, groups);
      const start = performance.now();
      const report = (step: Step) => (this.step = step);
      const learn = (deep: boolean) =>
        this.network.call((api) => api.train(way, numbers, labels, groups.length, deep, report));
      const isKnown = `${ids}` === `${this.trained[way]?.groups}`;
      let result = deep && isKnown ? null : await learn(false);
      if (deep && this.phase === 'training') result = await learn(true);
      this.seconds = (performance.now() - start) / 1000;
      const hasStopped = (this.phase as string) === 'stopping';
      this.notice = () => (hasStopped ? text().stopped : text().trained);
      await this.#keep(way, { groups: ids, names: namesOf(groups), numbers, labels, deep, result });
    } catch (error) {
      this.#restored[way] = null; // it may have learnt something else by now
      this.#fail(error as Error);
    }
    [this.phase, this.step] = ['idle', null];
    this.looking.again();
  }

  /** Stops after the step at work. */
  stop(): void {
    [this.phase, this.notice] = ['stopping', () => text().stopping];
    this.network.call((api) => api.stop()).catch(() => {}); // train() has the same error
  }

  /** Makes a file of the network. */
  async take(what: Take, title: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const { way } = this;
    const trained = this.trained[way];
    if (!trained) return null;
    const groups = this.#collection.groups(way);
    const names = namesLearnt(trained, groups, namesOf(groups));
    return this.#taken((api) => api.take(way, what, names, title));
  }

  /** Makes a file of all pictures, and the network if its classes are all that there are. */
  project(): Promise<Uint8Array<ArrayBuffer> | null> {
    const { way } = this;
    return this.#taken((api) => {
      const groups = this.#collection.groups(way);
      const known = this.trained[way]?.groups ?? [];
      const isWhole = known.length === groups.length && groups.every(({ id }, i) => id === known[i]);
      const names = namesOf(groups);
      const classes = groups.map((group, i): [string, Uint8Array[]] => [
        names[i],
        this.#collection.of(group).map(({ file }) => file),
      ]);
      return api.project(way, isWhole, classes);
    });
  }

  /** Tries again to keep the network. */
  retry(): Promise<void> {
    return this.#store(this.way);
  }

  /** Takes up the network of a project, whose classes are these. */
  async open(groups: Group[], weights: Uint8Array<ArrayBuffer> | null): Promise<void> {
    const { way } = this;
    const n = groups.reduce((sum, group) => sum + this.#collection.of(group).length, 0);
    this.trained = { ...this.trained, [way]: null };
    this.looking.seen = null;
    this.notice = () => text().opened(n);
    if (!weights) return;
    this.phase = 'taking'; // neither another project nor a training comes between
    try {
      await this.network.prepare(way);
      const { numbers, labels } = this.#examples(way, groups);
      await this.network.call((api) => api.open(way, weights, groups.length, numbers, labels));
      const learnt = { groups: groups.map(({ id }) => id), names: namesOf(groups), numbers, labels };
      await this.#keep(way, { ...learnt, deep: true, result: null });
      this.notice = () => text().opened(n);
    } catch (error) {
      if ((error as Error).name === 'PythonError') this.notice = () => text().misfit;
      else this.#fail(error as Error);
    }
    this.phase = 'idle';
    this.looking.next();
  }

  dismiss(): void {
    this.fault = null;
  }

  /** The page is left. */
  leave(): void {
    this.network.leave(this.phase === 'idle');
  }

  // ---------------------------------------------------------------------------------------------- inside

  async #prepare(way: Way): Promise<void> {
    await this.network.prepare(way);
    await this.#restore(way);
  }

  /** Has the worker make a file; nothing is trained meanwhile. */
  async #taken<T>(request: (api: Remote<Learners>) => T): Promise<Awaited<T> | null> {
    if (this.phase !== 'idle') return null;
    this.phase = 'taking';
    try {
      await this.#prepare(this.way);
      return await this.network.call(request);
    } catch (error) {
      this.#fail(error as Error);
      return null;
    } finally {
      this.phase = 'idle';
      this.looking.next();
    }
  }

  /** The pictures of some classes, and each one's class. */
  #examples(way: Way, groups: Group[]): { numbers: number[]; labels: number[] } {
    const pictures = groups.map((group) => this.network.usable(way, group));
    return {
      numbers: pictures.flatMap((each) => each.map(({ id }) => id)),
      labels: pictures.flatMap((each, label) => each.map(() => label)),
    };
  }

  async #keep(way: Way, learnt: Omit<Trained, 'bytes'>): Promise<void> {
    const bytes = await this.network.call((api) => api.weights(way));
    const trained = { ...learnt, bytes };
    this.trained = { ...this.trained, [way]: trained };
    this.#restored[way] = trained;
    this.#store(way);
  }

  /** Keeps the network for the next visit. */
  async #store(way: Way): Promise<void> {
    const trained = this.trained[way];
    if (!trained) return;
    const isKept = await keepModel(way, trained).then(
      () => true,
      () => false,
    );
    if (trained === this.trained[way]) this.unkept = { ...this.unkept, [way]: !isKept };
  }

  /** Gives a new worker what was learnt before. */
  async #restore(way: Way): Promise<void> {
    const trained = this.trained[way];
    if (!trained || trained === this.#restored[way]) return;
    const { bytes, groups, numbers, labels } = trained;
    try {
      await this.network.call((api) => api.restore(way, bytes, groups.length, numbers, labels));
      this.#restored[way] = trained;
    } catch (error) {
      if ((error as Error).name !== 'PythonError') throw error;
      this.trained = { ...this.trained, [way]: null }; // of another version of the site
    }
    this.looking.next();
  }

  async #attempt<T>(request: (api: Remote<Learners>) => T): Promise<Awaited<T> | null> {
    try {
      return await this.network.call(request);
    } catch (error) {
      this.#fail(error as Error);
      return null;
    }
  }

  #fail(error: Error): void {
    if (!(error instanceof EngineGone)) this.#tell(error); // the network itself reports its end
  }

  #tell(error: Error): void {
    this.fault = faultOf(error, this.network.runs);
    this.notice = () => '';
  }
}
