// A figure: numbers that a visitor changes, a few lines of Python that compute the rest, and what they set. Whatever is
// changed, they run again.

import { commented, texts } from '../app/language.svelte';
import { told } from '../app/told';
import { messageOf } from '../engine/message';
import { MOST_NUMBERS, type Values } from '../engine/programs';
import { type Numbers, nested, shapeText } from './arrays';
import { readLink, writeLink } from './link';
import { computing, type Knobs, knobsOf, numbersOf, type Outputs, type Plan } from './plan';
import { programOf } from './program';
import { python } from './python.svelte';

const SECONDS = 10; // a program may take
const SECONDS_BEFORE = 120; // one with lines before it, which may have a network to train
const MOST_LETTERS = 1000; // of an output that is a text
const LONGEST = 60; // characters of an output that is none of numbers
const PATIENCE = 1000; // milliseconds, after which a figure that was changed says that it computes

const text = texts(
  {
    computing: 'Computing …',
    came: 'The Python of this figure came with the link. Read it, then run it if you trust it.',
    damaged: 'The Python in the link is damaged or too long. The lesson’s own is here instead.',
    none: (name: string) => `The code must set the variable ${name}.`,
    words: (name: string, value: string) => `${name} is '${value}', but this figure draws numbers only.`,
    letters: (name: string) => `${name} must be a short text.`,
    axes: (name: string, shape: string, axes: number) =>
      `${name} has the shape ${shape}; this figure draws arrays with ${axes} axes.`,
    large: (name: string, shape: string) => `${name} has the shape ${shape}: too many numbers to draw.`,
  },
  {
    computing: '計算しています …',
    came: 'この図の Python はリンクから開かれました。内容を確認し、信頼できる場合だけ実行してください。',
    damaged: 'リンクの Python が壊れているか、長すぎます。代わりにレッスンのものを表示しています。',
    none: (name) => `コードの中で変数 ${name} を定義してください。`,
    words: (name, value) => `${name} は '${value}' ですが、この図に描けるのは数だけです。`,
    letters: (name) => `${name} には短い文字列を入れてください。`,
    axes: (name, shape, axes) => `${name} の形状は ${shape} ですが、この図に描けるのは ${axes} 軸の配列です。`,
    large: (name, shape) => `${name} の形状は ${shape} で、描くには数が多すぎます。`,
  },
);

export class Figure<P extends Plan = Plan> {
  /** Also of its section. */
  readonly id: string;
  readonly plan: P;

  /** What a visitor wrote in place of the lesson's program. */
  #written = $state<string | null>(null);
  /** With the lesson's own comments in the visitor's language. */
  code = $derived.by(() => this.#written ?? commented(this.plan.code.trimEnd()));
  isRewritten = $derived(this.#written !== null);
  /** The line that failed, from 1. */
  line = $state<number | null>(null);
  /** By their names in Python. */
  knobs = $state.raw<Knobs>({});
  given = $state.raw<Record<string, Numbers>>({});
  /** What the code set; null while there is nothing that fits. */
  values = $state.raw<Outputs<P> | null>(null);
  /** The knobs that the values are of: others may be turned already. */
  computed = $state.raw<Knobs>({});

  /** An error of Python's, or a sentence of ours; '' where nothing is to be said. */
  said = $state.raw<() => string>(() => '');
  isWrong = $state(false);
  printed = $state('');
  /** Whether the code is a stranger's, and nobody has run it here: it is a text to read. */
  isHeld = $state(false);

  #hasMissed = $state(false);
  /** Whether the program takes long. */
  #isSlow = $state(false);
  /** Whether something was changed since what is drawn was computed. */
  #isBehind = $state(false);

  /** Whether a visitor waits for what the program computes. */
  waits = $derived(this.#isSlow && this.#isBehind);
  /** What is drawn is of the numbers that were there before. */
  isStale = $derived(this.isWrong || this.waits || this.isHeld);

  #first: Outputs<P>;
  #isDue = false;
  #runs = false;
  /** Whether it is on the page: one that was left computes nothing more. */
  #isShown = false;

  /** @param first  what the code sets at first */
  constructor(id: string, plan: P, first: Record<string, unknown>) {
    this.id = id;
    this.plan = plan;
    this.#first = first as Outputs<P>;
    this.#start();
  }

  #start(): void {
    this.#written = null;
    const knobs = knobsOf(this.plan);
    [this.knobs, this.computed] = [knobs, knobs];
    this.given = Object.fromEntries(
      Object.entries(this.plan.given ?? {}).map(([name, each]) => [name, numbersOf(each, knobs)]),
    );
    [this.values, this.line] = [this.#first, null];
    [this.#isBehind, this.#hasMissed, this.isHeld] = [false, false, false];
  }

  /** Takes the numbers that are in the link. */
  readLink(): void {
    const { knobs, given } = readLink(this.id, this.plan);
    this.plan.settle?.(knobs);
    const turned = computing(this.plan, knobs);
    const isTurned = Object.keys(turned).some((name) => turned[name] !== this.knobs[name]);
    if (isTurned || JSON.stringify(given) !== JSON.stringify(this.given)) this.values = null;
    this.#isBehind = JSON.stringify([knobs, given]) !== JSON.stringify([this.knobs, this.given]);
    [this.knobs, this.given] = [knobs, given];
  }

  /** Sets one number of an array. */
  change(name: string, index: number, value: number): void {
    const { shape, data } = this.given[name];
    this.put(name, { shape, data: Float64Array.from(data).with(index, value) });
  }

  /** Sets a whole array. */
  put(name: string, numbers: Numbers): void {
    this.given = { ...this.given, [name]: numbers };
    this.#changed();
  }

  /** Turns knobs; the arrays that they shape begin anew, and the outputs where they may be shaped otherwise. */
  turn(knobs: Knobs): void {
    const next = { ...this.knobs, ...knobs };
    this.plan.settle?.(next);
    this.knobs = next;
    for (const [name, each] of Object.entries(this.plan.given ?? {})) {
      const fitting = numbersOf(each, next);
      if (String(fitting.shape) !== String(this.given[name].shape)) this.given = { ...this.given, [name]: fitting };
    }
    const isEach = (trait: 'keepsShapes' | 'isView') =>
      Object.keys(knobs).every((name) => this.plan.knobs?.[name][trait]);
    if (isEach('isView')) {
      writeLink(this.id, this.plan, this);
      return;
    }
    if (!isEach('keepsShapes')) this.values = null;
    this.#changed();
  }

  /** Sets knobs that only choose what is looked at: what was computed still fits. */
  point(knobs: Knobs): void {
    if (Object.keys(knobs).every((name) => knobs[name] === this.knobs[name])) return;
    this.knobs = { ...this.knobs, ...knobs };
    this.#changed();
  }

  /** Another program; it runs at once, unless a stranger has begun it. */
  write(code: string): void {
    this.#write(code);
    this.line = null;
    this.#changed();
  }

  /** Takes a program that came with the link. */
  receive({ code, isOwn }: { code: string; isOwn: boolean }): void {
    this.#write(code);
    this.isHeld = this.isRewritten && !isOwn;
    this.#changed();
  }

  #write(code: string): void {
    const own = this.plan.code.trimEnd();
    // In either language: after the switch, undo brings the other one back.
    this.#written = code === commented(own, 'en') || code === commented(own, 'ja') ? null : code;
  }

  /** The link has no program that can be read. */
  miss(): void {
    this.#hasMissed = true;
  }

  /** Runs what stands there, whoever wrote it. */
  run(): Promise<void> {
    this.isHeld = false;
    return this.update();
  }

  startOver(): void {
    this.#start();
    this.#isBehind = this.#runs; // what runs is another program, or of other numbers
    this.update();
  }

  #changed(): void {
    [this.#isBehind, this.#hasMissed] = [true, false];
    this.update();
  }

  /** What there is to say. */
  get message(): string {
    if (this.isHeld) return text().came;
    if (this.waits) return text().computing;
    return this.said() || (this.#hasMissed ? text().damaged : '');
  }

  /** The variables that the code finds. */
  get inputs(): Record<string, unknown> {
    return {
      ...Object.fromEntries(Object.entries(this.given).map(([name, numbers]) => [name, nested(numbers)])),
      ...computing(this.plan, this.knobs),
    };
  }

  /** All of it as a program that stands by itself. */
  get program(): string {
    return programOf(this.inputs, this.code, Object.keys(this.plan.outputs), commented(this.plan.before ?? ''));
  }

  /** It is on the page now. */
  enter(): void {
    this.#isShown = true;
  }

  /** Its page is left. */
  leave(): void {
    this.#isShown = false;
  }

  /** Computes anew; while it does, the latest wish wins. */
  async update(): Promise<void> {
    if (!this.#isShown) return;
    writeLink(this.id, this.plan, this);
    if (this.isHeld) return;
    this.#isDue = true;
    if (this.#runs) return;
    this.#runs = true;
    while (this.#isDue && this.#isShown) {
      this.#isDue = false;
      await this.#compute();
    }
    this.#runs = false;
  }

  async #compute(): Promise<void> {
    const { before, outputs } = this.plan;
    const { knobs } = this;
    let printed = '';
    const slow = setTimeout(() => {
      [this.#isSlow, this.isWrong] = [true, false];
    }, PATIENCE);
    try {
      const { values, fault } = await python.run(
        this,
        { before, code: this.code, inputs: this.inputs, outputs: Object.keys(outputs) },
        {
          seconds: before ? SECONDS_BEFORE : SECONDS,
          onOutput: (more) => (printed = (printed + (typeof more === 'string' ? more : '')).slice(-10_000)),
          isOwn: !this.isRewritten,
        },
      );
      this.line = fault?.line ?? null;
      const wrong = fault ? () => fault.message : misfit(values, outputs);
      [this.said, this.isWrong] = [wrong ?? (() => ''), wrong !== undefined];
      if (!wrong && !this.#isDue) [this.values, this.computed, this.#isBehind] = [values as Outputs<P>, knobs, false];
    } catch (error) {
      const message = messageOf(error as Error); // the program took too long, or Python did not start
      [this.said, this.isWrong] = [() => told(message), true];
    } finally {
      clearTimeout(slow);
      this.#isSlow = false;
    }
    this.printed = printed;
  }
}

/** What keeps the outputs from being drawn. */
function misfit(values: Record<string, Values | string>, outputs: Plan['outputs']): (() => string) | undefined {
  for (const [name, axes] of Object.entries(outputs)) {
    const value = values[name];
    if (value === undefined) return () => text().none(name);
    if (axes === 'text') {
      if (typeof value === 'string' && value.length <= MOST_LETTERS) continue;
      return () => text().letters(name);
    }
    if (typeof value === 'string') return () => text().words(name, value.slice(0, LONGEST));
    const shape = shapeText(value.shape);
    if (value.shape.length !== axes) return () => text().axes(name, shape, axes);
    const places = value.shape.reduce((size, n) => size * Math.max(n, 1), 1); // an axis may be long where another is empty
    if (places > MOST_NUMBERS) return () => text().large(name, shape);
  }
  return undefined;
}
