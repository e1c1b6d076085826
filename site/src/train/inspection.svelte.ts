// What is asked about the inside of the model, how often, and what came back.

import type { Detail, Measure, Report } from '../engine/findings';
import type { Lab } from './lab.svelte';
import type { Run } from './state';

/** What the stages did at a time of the training. */
export interface Moment {
  samples: number;
  measures: Measure[];
}

const SHARE = 0.08; // of the training's time, at most: training is then slowed by less than a tenth
const GUESS_MS = 50; // what a question takes that was never asked
const MOST = 120; // measurements kept

type Question = 'report' | 'measures';

export class Inspection {
  report = $state.raw<Report | null>(null);
  /** One for each stage of the report. */
  measures = $state.raw<Measure[] | null>(null);
  /** Of the present model, oldest first. */
  history = $state.raw<Moment[]>([]);
  /** Of the training's time that these questions took; null before. */
  share = $state<number | null>(null);
  /** The class whose saliency is shown; null for the predicted one. */
  target = $state<number | null>(null);
  /** Whether somebody sees the report. The measures are taken in any case. */
  isWatched = $state(false);

  readonly #lab: Lab;
  #busy = false;
  /** What each question took the last time, in milliseconds. */
  #cost: Record<Question, number> = { report: GUESS_MS, measures: GUESS_MS };
  #spent: { run: Run | null; ms: number } = { run: null, ms: 0 };
  /** What the report and the measures are of. */
  #reported: { view: object; source: object; target: number | null } | null = null;
  #measured: object | null = null;
  /** The curve of the model that the history is of. */
  #course: number[] | null = null;
  #turn: Question = 'report';

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** How a pixel of a map came about. */
  async detail(stage: number, channel: number, row: number, column: number): Promise<Detail | null> {
    const answer = await this.#lab.ask((api) => api.detail(stage, channel, row, column));
    return answer?.detail ?? null;
  }

  /** Chooses the class whose saliency is shown. */
  explain(target: number | null): void {
    this.target = target;
    this.next();
  }

  /** Asks for what is due, one thing after the other. */
  async next(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    while (document.visibilityState === 'visible' && (await this.#ask()));
    this.#busy = false;
  }

  /** Asks for one thing that is due; false if there is none, or none yet. */
  async #ask(): Promise<boolean> {
    const { seen, view } = this.#lab.sight;
    if (!seen) return false;
    const isNew = this.#reported?.source !== seen.source || this.#reported.target !== this.target;
    const wantsReport = isNew || this.#reported?.view !== view;
    if (!this.report || (isNew && this.isWatched)) return this.#askReport();
    const wantsMeasures = this.#measured !== view;
    // By turns: the cheaper question would leave nothing of the budget for the other one.
    if (wantsMeasures && (this.#turn === 'measures' || !this.isWatched || !wantsReport)) {
      return this.#mayAsk('measures') && this.#askMeasures();
    }
    return wantsReport && this.isWatched && this.#mayAsk('report') && this.#askReport();
  }

  /** While the model trains, only as far as the budget goes. Each step of the training asks again. */
  #mayAsk(question: Question): boolean {
    const { run } = this.#lab.course;
    if (this.#lab.phase !== 'training' || !run) return true;
    if (run.start !== this.#spent.run?.start) this.#spent = { run, ms: 0 };
    return this.#spent.ms + this.#cost[question] <= SHARE * run.seconds * 1000;
  }

  /** Enters what a question took the worker. */
  #spend(question: Question, ms: number): void {
    this.#cost[question] = ms;
    const { run } = this.#lab.course;
    if (this.#lab.phase !== 'training' || !run || run.start !== this.#spent.run?.start) return;
    this.#spent.ms += ms;
    if (run.seconds) this.share = this.#spent.ms / (1000 * run.seconds);
  }

  async #askReport(): Promise<boolean> {
    const { seen, view } = this.#lab.sight;
    const { target } = this;
    if (!seen) return false;
    const answer = await this.#lab.ask((api) => api.inspect(seen.look.picture.data, target ?? undefined));
    if (!answer) return false;
    this.#spend('report', answer.ms);
    await this.#lab.turn();
    this.#reported = { view, source: seen.source, target };
    this.#turn = 'measures';
    if (this.report && planOf(this.report) !== planOf(answer.report)) this.#forget();
    this.report = answer.report;
    return true;
  }

  /** Drops what was told of another network. */
  #forget(): void {
    [this.report, this.measures, this.history, this.#measured] = [null, null, [], null];
  }

  async #askMeasures(): Promise<boolean> {
    const { view, moment } = this.#lab.sight;
    const { model, curves } = this.#lab.course;
    const answer = await this.#lab.ask((api) => api.probe());
    if (!answer) return false;
    const { measures, ms } = answer;
    this.#spend('measures', ms);
    await this.#lab.turn();
    this.#measured = view;
    this.#turn = 'report';
    if (measures.length !== this.report?.stages.length) {
      this.#forget(); // it is of another make
      return true;
    }
    this.measures = measures;
    if (moment !== null || !model) return true;
    const course = curves.samples;
    let history = course === this.#course ? this.history.filter(({ samples }) => samples < model.samples) : [];
    this.#course = course;
    if (history.length >= MOST) history = history.filter((_, i) => i % 2 === 0);
    this.history = [...history, { samples: model.samples, measures }];
    return true;
  }
}

/** What tells one architecture from another. */
const planOf = ({ stages }: Report): string =>
  stages.map(({ layer, kind, maps }) => `${layer} ${kind} ${maps.shape}`).join();
