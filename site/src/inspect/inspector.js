// What is asked about the model while somebody looks at its inside, how often, and what came back.

import { Store } from '../store.js';

/**
 * @typedef {import('../lab.js').Lab} Lab
 * @typedef {import('../lab.js').Model} Model
 * @typedef {import('../lab.js').Source} Source
 * @typedef {import('../engine/engine.worker.js').Report} Report
 * @typedef {import('../engine/engine.worker.js').Measure} Measure
 * @typedef {import('../engine/engine.worker.js').Detail} Detail
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
 */

const SHARE = 0.05; // of the worker's time, while it trains
const MOST = 120; // measurements kept

/** @extends {Store<Inspection>} */
export class Inspector extends Store {
  #lab;
  #watched = false;
  #busy = false;
  /** When the worker may be asked again while it trains. */
  #rested = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** What the report is of. @type {{model: Model | null, source: Source | null}} */
  #reported = { model: null, source: null };
  /** What the measures are of. @type {Model | null} */
  #measured = null;
  /** The place whose detail is wanted next. @type {Place | null} */
  #wanted = null;

  /** @param {Lab} lab */
  constructor(lab) {
    super({ report: null, measures: null, history: [], place: null, detail: null });
    this.#lab = lab;
    lab.show(() => this.#next());
  }

  /** Whether somebody looks: nothing is asked while nobody does. @param {boolean} watched */
  watch(watched) {
    this.#watched = watched;
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

  /** Asks for what is due, one thing after the other. */
  async #next() {
    if (this.#busy || !this.#watched) return;
    this.#busy = true;
    while (this.#watched && (await this.#ask()));
    this.#busy = false;
  }

  /** Asks for one thing that is due. @returns {Promise<boolean>}  false if there is none, or none yet */
  async #ask() {
    const { model, seen, phase } = this.#lab.state;
    if (!model || !seen) return false;
    if (this.#wanted) return this.#askDetail(this.#wanted);
    const stale = this.#reported.model !== model || this.#reported.source !== seen.source;
    if (!stale && this.#measured === model) return false;
    const now = performance.now();
    if (phase === 'training' && now < this.#rested) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#next(), this.#rested - now);
      return false;
    }
    return stale ? this.#askReport(model, seen) : this.#askMeasures(model);
  }

  /** Gives the worker a rest after so many milliseconds of work for us. @param {number} ms */
  #rest(ms) {
    this.#rested = performance.now() + ms / SHARE;
  }

  /** @param {Model} model @param {NonNullable<import('../lab.js').LabState['seen']>} seen */
  async #askReport(model, { source, look }) {
    const answer = await this.#lab.ask((api) => api.inspect(look.picture.data));
    if (!answer) return false;
    const { report, ms } = answer;
    this.#rest(ms);
    this.#reported = { model, source };
    const { report: former, place } = this.state;
    if (former && plan(former) === plan(report)) this.#wanted = place;
    else {
      this.#measured = null;
      this.set({ measures: null, history: [], place: null, detail: null });
    }
    this.set({ report });
    if (!this.state.place) this.choose({ stage: Math.max(0, report.stages.findIndex(({ layer }) => layer)), channel: 0 });
    return true;
  }

  /** @param {Model} model */
  async #askMeasures(model) {
    const answer = await this.#lab.ask((api) => api.probe());
    if (!answer) return false;
    const { measures, ms } = answer;
    this.#rest(ms);
    this.#measured = model;
    if (measures.length !== this.state.report?.stages.length) return true; // of a model that has come since
    let history = this.state.history.filter(({ samples }) => samples < model.samples);
    if (history.length >= MOST) history = history.filter((_, i) => i % 2 === 0);
    this.set({ measures, history: [...history, { samples: model.samples, measures }] });
    return true;
  }

  /** @param {Place} place */
  async #askDetail(place) {
    this.#wanted = null;
    const { stage, channel, row, column } = place;
    const detail = await this.#lab.ask((api) => api.detail(stage, channel, row, column));
    if (!detail) return false;
    this.set({ place, detail });
    return true;
  }
}

/** What tells one architecture from another. @param {Report} report */
const plan = ({ stages }) => stages.map(({ layer, kind, maps }) => `${layer} ${kind} ${maps.shape}`).join();
