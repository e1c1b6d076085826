// Where a picture comes from: a drawing, the camera or a file. What it shows now can be added to a class, and is what
// the trained network is asked about.

import { texts } from '../language.js';
import { byId } from '../views/dom.js';
import { Pad } from '../views/pad.js';
import { paintInk } from '../views/pixels.js';
import { Camera, NoCamera } from './camera.js';
import { isBlank, ofDrawing, ofPhoto, SIDE } from './shots.js';

/** @typedef {import('./shots.js').Shot} Shot */
/** @typedef {'draw' | 'camera' | 'file'} Mode */

const LIVE_MS = 150; // between two pictures of the camera that the network is asked about

const text = texts(
  {
    starting: 'Waiting for the camera. The browser may ask whether this page may use it.',
    refused:
      'The browser did not let this page use the camera. Allow it in the settings of the site, beside the address, and press Camera again; drawings and files work without it.',
    none: 'No camera was found. Connect one and press Camera again; drawings and files work without it.',
    busy: 'The camera could not be started; another program may be using it. Close that and press Camera again; drawings and files work without it.',
    insecure: 'Browsers give the camera only to pages from https:// or localhost. Drawings and files work here.',
    ended: 'The camera was turned off. Press Camera to turn it on again.',
  },
  {
    starting: 'カメラを待っています。ブラウザが使用の許可を求めることがあります。',
    refused:
      'カメラの使用がブラウザに許可されませんでした。アドレスの横にあるサイトの設定で許可してから、もう一度「カメラ」を押してください。手描きとファイルはカメラなしで使えます。',
    none: 'カメラが見つかりません。接続してから、もう一度「カメラ」を押してください。手描きとファイルはカメラなしで使えます。',
    busy: 'カメラを起動できません。ほかのプログラムが使っているかもしれません。それを閉じてから、もう一度「カメラ」を押してください。手描きとファイルはカメラなしで使えます。',
    insecure: 'カメラは https:// か localhost のページでしか使えません。手描きとファイルはここでも使えます。',
    ended: 'カメラが切られました。もう一度使うには「カメラ」を押してください。',
  },
);

export class Source {
  /** @type {Mode} */
  mode = 'draw';
  #onChange;
  #pad;
  #canvas = /** @type {HTMLCanvasElement} */ (byId('pad'));
  #video = /** @type {HTMLVideoElement} */ (byId('video'));
  #camera = new Camera(this.#video, () => this.#say('ended'));
  /** The picture of the file. @type {Shot | null} */
  #photo = null;
  /** What is said about the camera. @type {keyof ReturnType<typeof text> | null} */
  #said = null;

  /** @param {() => void} onChange  called when it shows another picture */
  constructor(onChange) {
    this.#onChange = onChange;
    this.#pad = new Pad(this.#canvas, onChange);
    byId('clear').addEventListener('click', () => {
      this.#pad.clear();
      onChange();
    });
    for (const button of document.querySelectorAll('#modes input')) {
      const { value } = /** @type {HTMLInputElement} */ (button);
      button.addEventListener('click', () => this.choose(/** @type {Mode} */ (value))); // also the one that is chosen
    }
    setInterval(() => {
      if (this.#camera.runs && document.visibilityState === 'visible') onChange();
    }, LIVE_MS);
    this.#draw();
  }

  /** @param {Mode} mode */
  async choose(mode) {
    this.mode = mode;
    /** @type {HTMLInputElement} */ (document.querySelector(`#modes [value=${mode}]`)).checked = true;
    if (mode !== 'camera') this.#camera.stop();
    this.#say(null);
    this.#onChange();
    if (mode === 'camera' && !this.#camera.runs) await this.#turnOn();
  }

  /** Shows the picture of a file. @param {Shot} shot */
  show(shot) {
    this.#photo = shot;
    paintInk(/** @type {HTMLCanvasElement} */ (byId('photo')), { data: shot.pixels, width: SIDE, height: SIDE }, 255);
    this.choose('file');
  }

  /** The picture that it shows; null while there is none. @returns {Shot | null} */
  take() {
    if (this.mode === 'file') return this.#photo;
    if (this.mode === 'camera') {
      return this.#camera.runs ? ofPhoto(this.#video, this.#video.videoWidth, this.#video.videoHeight) : null;
    }
    const shot = ofDrawing(this.#canvas);
    return isBlank(shot) ? null : shot;
  }

  /** Makes room for the next drawing. */
  clear() {
    if (this.mode === 'draw') this.#pad.clear();
  }

  /** Says it again in the visitor's language. */
  translate() {
    this.#say(this.#said);
  }

  async #turnOn() {
    this.#say('starting');
    try {
      await this.#camera.start();
    } catch (error) {
      if (this.mode === 'camera') this.#say(error instanceof NoCamera ? error.obstacle : 'busy');
      return;
    }
    if (this.mode === 'camera' && this.#said === 'starting') this.#say(null);
  }

  /** @param {keyof ReturnType<typeof text> | null} what */
  #say(what) {
    this.#said = what;
    this.#draw();
  }

  #draw() {
    for (const mode of ['draw', 'camera', 'file']) byId(`mode-${mode}`).hidden = mode !== this.mode;
    byId('camera-notice').textContent = this.#said ? text()[this.#said] : '';
    byId('camera-notice').hidden = this.#said === null;
    this.#video.hidden = this.#said !== null;
  }
}
