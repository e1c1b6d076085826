// What is asked about the model while somebody looks at its inside, how often, and what came back.

import { Store } from '../store.js';

/**
 * @typedef {import('../lab.js').Lab} Lab
 * @typedef {import('../lab-state.js').Model} Model
 * @typedef {import('../lab-state.js').Run} Run
 * @typedef {import('../lab-state.js').Source} Source
 * @typedef {import('../engine/answers.js').Report} Report
 * @typedef {import('../engine/answers.js').Measure} Measure
 * @typedef {import('../engine/answers.js').Detail} Detail
 *
 * @typedef {object} Place  a pixel of a map
 * @property {number} stage
 * @property {number} channel
 * @property {number} row
 * @property {number} column
 *
 * @typedef {object} Inspection
 * @property {Report | null} report
 * @property {Measure[] | null} measures  one for each stage of the report
 * @property {{samples: number, measures: Measure[]}[]} history  of the present model, oldest first
 * @property {Place | null} place  that was chosen
 * @property {Detail | null} detail  of that place
 * @property {number | null} target  class whose saliency is wanted; null for the predicted one
 * @property {number | null} share  of the training's time that our questions took, while somebody looked; null before
 */

const SHARE = 0.08; // of the training's time, at most: training is then slowed by less than a tenth
const GUESS_MS = 50; // what a question takes that was never asked
const MOST = 120; // measurements kept

/** @extends {Store<Inspection>} */
export class Inspector extends Store {
  #lab;
  #watched = { inSight: false, near: false };
  #busy = false;
  /** What each question took the last time, in milliseconds. */
  #cost = { report: GUESS_MS, measures: GUESS_MS };
  /** What our questions took, and since when. @type {{run: Run | null, seconds: number, ms: number}} */
  #spent = { run: null, seconds: 0, ms: 0 };
  /** What the report is of. @type {{model: Model | null, source: Source | null, target: number | null}} */
  #reported = { model: null, source: null, target: null };
  /** What the measures are of. @type {Model | null} */
  #measured = null;
  /** The curve of the model that the history is of. @type {number[] | null} */
  #course = null;
  /** Which question comes next. @type {'report' | 'measures'} */
  #turn = 'report';
  /** The place whose detail is wanted next. @type {Place | null} */
  #wanted = null;

  /** @param {Lab} lab */
  constructor(lab) {
    super({ report: null, measures: null, history: [], place: null, detail: null, target: null, share: null });
    this.#lab = lab;
    lab.show(() => this.#next());
  }

  /**
   * Whether somebody looks, or is about to. Nothing is asked while nobody does; before one looks, nothing that would
   * slow a training.
   *
   * @param {Partial<{inSight: boolean, near: boolean}>} watched
   */
  watch(watched) {
    this.#watched = { ...this.#watched, ...watched };
    this.#spent.run = null; // what was saved while nobody looked is not spent in a rush
    this.#next();
  }

  /** Chooses the class whose saliency is shown. @param {number | null} target  null for the predicted one */
  explain(target) {
    this.set({ target });
    this.#next();
  }

  /** Chooses a pixel, or without one the strongest of a map. @param {{stage: number, channel: number} & Partial<Place>} place */
  choose({ stage, channel, row, column }) {
    const maps = this.state.report?.stages[stage].maps;
    if (!maps) return;
    const [, height, width] = maps.shape;
    let at = row === undefined || column === undefined ? 0 : row * width + column;
    if (row === undefined) {
      const map = maps.data.subarray(channel * height * width, (channel + 1) * height * width);
      map.forEach((value, i) => (at = Math.abs(value) > Math.abs(map[at]) ? i : at));
    }
    this.#wanted = { stage, channel, row: Math.floor(at / width), column: at % width };
    this.#next();
  }

  get #isWatched() {
    const { inSight, near } = this.#watched;
    return inSight || (near && this.#lab.state.phase !== 'training');
  }

  /** Asks for what is due, one thing after the other. */
  async #next() {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#isWatched && (await this.#ask()));
    this.#busy = false;
  }

  /** Asks for one thing that is due. @returns {Promise<boolean>}  false if there is none, or none yet */
  async #ask() {
    const { model, seen } = this.#lab.state;
    if (!model || !seen) return false;
    if (this.#wanted) return this.#askDetail(this.#wanted);
    const { target } = this.state;
    const asked = this.#reported;
    if (asked.source !== seen.source || asked.target !== target) return this.#askReport(model, seen);
    if (asked.model === model && this.#measured === model) return false;
    // By turns: the cheaper question would leave nothing of the budget for the other one.
    if (this.#turn === 'measures' && this.#measured !== model) {
      return this.#mayAsk('measures') && this.#askMeasures(model);
    }
    return this.#mayAsk('report') && this.#askReport(model, seen);
  }

  /**
   * Whether a question that nobody waits for may be asked: while the model trains, only as far as the budget goes. Each
   * step of the training asks again.
   *
   * @param {'report' | 'measures'} question
   */
  #mayAsk(question) {
    const { phase, run } = this.#lab.state;
    if (phase !== 'training' || !run) return true;
    if (run.start !== this.#spent.run?.start) this.#spent = { run, seconds: run.seconds, ms: 0 };
    const elapsed = (run.seconds - this.#spent.seconds) * 1000;
    return this.#spent.ms + this.#cost[question] <= SHARE * elapsed;
  }

  /** Enters what a question took the worker. @param {number} ms */
  #spend(ms) {
    const { phase, run } = this.#lab.state;
    if (phase !== 'training' || !run || run.start !== this.#spent.run?.start) return;
    this.#spent.ms += ms;
    const elapsed = (run.seconds - this.#spent.seconds) * 1000;
    if (elapsed) this.set({ share: this.#spent.ms / elapsed });
  }

  /** @param {Model} model @param {NonNullable<import('../lab-state.js').LabState['seen']>} seen */
  async #askReport(model, { source, look }) {
    const { target } = this.state;
    const answer = await this.#lab.ask((api) => api.inspect(look.picture.data, target ?? undefined));
    if (!answer) return false;
    const { report, ms } = answer;
    this.#cost.report = ms;
    this.#spend(ms);
    this.#reported = { model, source, target };
    this.#turn = 'measures';
    const { report: former, place } = this.state;
    if (former && plan(former) === plan(report)) this.#wanted = place;
    else {
      this.#measured = null;
      this.set({ measures: null, history: [], place: null, detail: null });
    }
    this.set({ report });
    if (!this.state.place)
      this.choose({
        stage: Math.max(
          0,
          report.stages.findIndex(({ layer }) => layer),
        ),
        channel: 0,
      });
    return true;
  }

  /** @param {Model} model */
  async #askMeasures(model) {
    const answer = await this.#lab.ask((api) => api.probe());
    if (!answer) return false;
    const { measures, ms } = answer;
    this.#cost.measures = ms;
    this.#spend(ms);
    this.#measured = model;
    this.#turn = 'report';
    if (measures.length !== this.state.report?.stages.length) return true; // of a model that has come since
    const course = this.#lab.state.curves.samples;
    let history = course === this.#course ? this.state.history.filter(({ samples }) => samples < model.samples) : [];
    this.#course = course;
    if (history.length >= MOST) history = history.filter((_, i) => i % 2 === 0);
    this.set({ measures, history: [...history, { samples: model.samples, measures }] });
    return true;
  }

  /** @param {Place} place */
  async #askDetail(place) {
    this.#wanted = null;
    const { stage, channel, row, column } = place;
    const answer = await this.#lab.ask((api) => api.detail(stage, channel, row, column));
    if (!answer) return false;
    this.#spend(answer.ms);
    this.set({ place, detail: answer.detail });
    return true;
  }
}

/** What tells one architecture from another. @param {Report} report */
const plan = ({ stages }) => stages.map(({ layer, kind, maps }) => `${layer} ${kind} ${maps.shape}`).join();
