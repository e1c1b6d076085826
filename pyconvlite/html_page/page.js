// The page that `export_html` writes: it classifies a picture or a drawing. The network runs in a worker.

/**
 * @typedef {object} Settings
 * @property {string[]} classes
 * @property {'image' | 'drawing'} input
 * @property {number[]} shape  of the input, [C, H, W]
 * @property {number} mean  subtracted from a pixel of 0 to 255
 * @property {number} scale  that it is divided by
 * @property {boolean} isProbability  whether the outputs are probabilities; otherwise softmax is applied
 */

/** @param {string} id  @returns {any} */
const byId = (id) => document.getElementById(id);
/** @param {string} id */
const textOf = (id) => byId(id).textContent;

if (navigator.language.startsWith('ja')) {
  document.documentElement.lang = 'ja';
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-ja]'))) {
    const text = part.dataset.ja ?? '';
    if (part.ariaLabel) part.ariaLabel = text;
    else part.textContent = text;
  }
}

/** @param {string} text  base64 */
function bytesOf(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes.buffer;
}

/** @type {Settings} */
const settings = JSON.parse(textOf('settings'));
const [C, H, W] = settings.shape;

// ------------------------------------------------------------------------------------------------- the network

const LOOP = `
let network, fault;
addEventListener('message', ({ data: { graph, weights, kernels, input } }) => {
  try {
    if (fault) throw fault;
    if (graph) network = new Network(graph, weights, kernels);
    else postMessage({ output: network.run(input).data });
  } catch (error) {
    if (graph) fault = error;
    postMessage({ failure: String(error) });
  }
});`;
addEventListener('error', ({ message }) => fail(message)); // older browsers throw where a policy forbids workers
const source = textOf('runtime').replaceAll('export class', 'class') + LOOP;
const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
worker.onmessage = (/** @type {MessageEvent} */ { data }) => fail(data.failure);
/** Why the worker has ended; a policy of the server may forbid it. @type {Error | null} */
let ended = null;
/** Tells who waits for it. @type {(error: Error) => void} */
let tell = fail;
worker.onerror = (/** @type {ErrorEvent} */ { message }) => {
  ended = new Error(message || textOf('no-worker'));
  tell(ended);
};
const [weights, kernels] = [bytesOf(textOf('weights')), bytesOf(textOf('kernels'))];
worker.postMessage({ graph: JSON.parse(textOf('graph')), weights: new Float32Array(weights), kernels }, [
  weights,
  kernels,
]);
for (const id of ['weights', 'kernels']) byId(id).remove(); // megabytes of text

/**
 * The network's output for an input.
 *
 * @param {Float32Array} data  of shape (1, C, H, W)
 * @returns {Promise<Float32Array>}
 */
const run = (data) =>
  new Promise((resolve, reject) => {
    if (ended) throw ended;
    tell = reject;
    worker.onmessage = ({ data: { output, failure } }) => (failure ? reject(new Error(failure)) : resolve(output));
    worker.postMessage({ input: { shape: [1, ...settings.shape], data } });
  });
Object.assign(globalThis, { run });

/** @param {Float32Array} scores */
function probabilities(scores) {
  if (!scores.every(Number.isFinite)) throw new Error(textOf('not-finite'));
  if (settings.isProbability) return [...scores];
  const most = Math.max(...scores);
  const powers = [...scores].map((score) => Math.exp(score - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

// ------------------------------------------------------------------------------------------------- the result

const MOST_BARS = 10;
const bars = byId('bars');

/** Shows the largest shares; a few classes are shown all, in their order. @param {number[]} shares */
function show(shares) {
  const order = shares.map((_, i) => i);
  if (shares.length > MOST_BARS) order.sort((i, j) => shares[j] - shares[i]).splice(5);
  bars.replaceChildren(
    ...order.flatMap((i) => {
      const percent = `${Math.round(100 * shares[i])}%`;
      const [name, meter, number] = ['dt', 'dd', 'dd'].map((tag) => document.createElement(tag));
      [name.textContent, number.textContent] = [settings.classes[i] ?? `${i}`, percent];
      const bar = meter.appendChild(document.createElement('div'));
      bar.style.width = `${100 * shares[i]}%`;
      meter.setAttribute('aria-hidden', 'true');
      return [name, meter, number];
    }),
  );
  const best = shares.indexOf(Math.max(...shares));
  byId('answer').textContent = settings.classes[best] ?? `${best}`;
}

/** @param {unknown} error */
function fail(error) {
  byId('fault').textContent = error instanceof Error ? error.message : String(error);
  byId('fault').hidden = false;
}

// ------------------------------------------------------------------------------------------------- the input

/** @param {number} width  @param {number} height  @returns {any} */
function canvasOf(width, height) {
  const canvas = document.createElement('canvas');
  return Object.assign(canvas, { width, height });
}

const small = canvasOf(W, H).getContext('2d', { willReadFrequently: true });

/**
 * The network's input: the picture's middle, in grey where the network has one channel.
 *
 * @param {CanvasImageSource} picture  @param {number} width  @param {number} height
 */
function inputOf(picture, width, height) {
  const side = Math.min(width / W, height / H);
  const [sw, sh] = [side * W, side * H];
  // By halves: browsers skip pixels when they shrink a large picture in one step.
  let [from, x, y, w, h] = /** @type {[CanvasImageSource, number, number, number, number]} */ ([
    picture,
    (width - sw) / 2,
    (height - sh) / 2,
    sw,
    sh,
  ]);
  while (w > 2 * W && h > 2 * H) {
    const half = canvasOf(Math.round(w / 2), Math.round(h / 2));
    half.getContext('2d').drawImage(from, x, y, w, h, 0, 0, half.width, half.height);
    [from, x, y, w, h] = [half, 0, 0, half.width, half.height];
  }
  small.imageSmoothingQuality = 'high';
  small.fillStyle = 'white'; // under transparent pixels
  small.fillRect(0, 0, W, H);
  // Against fingerprinting, some browsers give noise until the visitor allows the page to read canvases.
  if (small.getImageData(0, 0, 1, 1).data.some((/** @type {number} */ byte) => byte < 250))
    throw new Error(textOf('no-canvas'));
  small.drawImage(from, x, y, w, h, 0, 0, W, H);
  const { data } = small.getImageData(0, 0, W, H);
  const input = new Float32Array(C * H * W);
  for (let i = 0; i < H * W; i++) {
    const rgb = [data[4 * i], data[4 * i + 1], data[4 * i + 2]];
    const pixels = C === 1 ? [0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]] : rgb;
    for (let c = 0; c < C; c++) input[c * H * W + i] = (pixels[c] - settings.mean) / settings.scale;
  }
  return input;
}

let isBusy = false;
/** The latest picture that came while the network computed. @type {[CanvasImageSource, number, number] | null} */
let waiting = null;
let generation = 0;

/** Shows the network's answer. @param {CanvasImageSource} picture  @param {number} width  @param {number} height */
async function look(picture, width, height) {
  waiting = [picture, width, height];
  if (isBusy) return;
  isBusy = true;
  while (waiting) {
    const started = generation;
    const picture = waiting;
    waiting = null;
    try {
      const shares = probabilities(await run(inputOf(...picture)));
      if (generation === started) show(shares);
    } catch (error) {
      fail(error);
    }
  }
  isBusy = false;
}

/** Removes the answer, and discards the one that is being computed. */
function forget() {
  generation++;
  waiting = null;
  bars.replaceChildren();
  byId('answer').textContent = '';
  byId('fault').hidden = true;
}

function pictures() {
  const [view, video] = [byId('view'), document.createElement('video')];
  const context = view.getContext('2d');
  video.playsInline = true;

  /** @param {any} picture  @param {number} width  @param {number} height */
  const draw = (picture, width, height) => {
    [view.width, view.height] = [width, height];
    context.fillStyle = 'white';
    context.fillRect(0, 0, width, height);
    context.drawImage(picture, 0, 0, width, height);
  };

  /** @param {Blob | undefined} file */
  const open = async (file) => {
    if (!file) return;
    stop();
    try {
      const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
      forget();
      const factor = Math.min(1, 800 / Math.max(picture.width, picture.height));
      draw(picture, Math.round(picture.width * factor), Math.round(picture.height * factor));
      await look(picture, picture.width, picture.height);
    } catch {
      fail(textOf('no-picture'));
    }
  };

  /** @type {MediaStream | null} */
  let stream = null;
  let isAsking = false; // for the user's permission
  const stop = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    byId('camera').setAttribute('aria-pressed', 'false');
  };
  const frame = async () => {
    if (!stream) return;
    if (video.videoWidth) {
      draw(video, video.videoWidth, video.videoHeight);
      await look(video, video.videoWidth, video.videoHeight);
    }
    requestAnimationFrame(frame);
  };
  byId('camera').addEventListener('click', async () => {
    if (isAsking) return;
    if (stream) return stop();
    isAsking = true;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
      byId('camera').setAttribute('aria-pressed', 'true');
      byId('fault').hidden = true;
      stream.getTracks()[0].addEventListener('ended', stop);
      video.srcObject = stream;
      await video.play();
      frame();
    } catch {
      stop();
      fail(textOf('no-camera'));
    }
    isAsking = false;
  });
  byId('file').addEventListener('change', () => open(byId('file').files[0]));
  addEventListener('paste', (event) => open(event.clipboardData?.files[0]));
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    open(event.dataTransfer?.files[0]);
  });
}

const LONGEST = 320; // pixels of a drawing's longer side

function drawings() {
  const view = byId('view');
  [view.width, view.height] = [W, H].map((length) => Math.ceil((LONGEST * length) / Math.max(W, H)));
  const context = view.getContext('2d', { willReadFrequently: true });
  const clear = () => {
    context.fillStyle = 'black';
    context.fillRect(0, 0, view.width, view.height);
    forget();
  };
  Object.assign(context, { lineWidth: LONGEST / 14, lineCap: 'round', lineJoin: 'round', strokeStyle: 'white' });

  /** As MNIST's digits are: the ink in a box of 5/7 of the sides, its centre of mass in the middle. */
  const centred = () => {
    const { data, width, height } = context.getImageData(0, 0, view.width, view.height);
    let [left, right, top, bottom, mass, sumX, sumY] = [width, -1, height, -1, 0, 0, 0];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const ink = data[4 * (y * width + x)];
        if (!ink) continue;
        [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
        [mass, sumX, sumY] = [mass + ink, sumX + ink * x, sumY + ink * y];
      }
    }
    if (!mass) return view;
    const factor = (5 / 7) * Math.min(width / (right - left + 1), height / (bottom - top + 1));
    const middle = canvasOf(width, height);
    const to = middle.getContext('2d');
    to.fillRect(0, 0, width, height);
    to.translate(width / 2 - (sumX / mass) * factor, height / 2 - (sumY / mass) * factor);
    to.scale(factor, factor);
    to.drawImage(view, 0, 0);
    return middle;
  };

  /** @type {number[] | null} */
  let last = null;
  /** @param {PointerEvent} event */
  const place = ({ clientX, clientY }) => {
    const box = view.getBoundingClientRect();
    return [((clientX - box.left) * view.width) / box.width, ((clientY - box.top) * view.height) / box.height];
  };
  view.addEventListener('pointerdown', (/** @type {PointerEvent} */ event) => {
    view.setPointerCapture(event.pointerId);
    last = place(event);
    stroke(event);
  });
  /** @param {PointerEvent} event */
  const stroke = (event) => {
    if (!last) return;
    const next = place(event);
    context.beginPath();
    context.moveTo(last[0], last[1]);
    context.lineTo(next[0], next[1]);
    context.stroke();
    last = next;
    look(centred(), view.width, view.height);
  };
  view.addEventListener('pointermove', stroke);
  for (const end of ['pointerup', 'pointercancel']) {
    view.addEventListener(end, () => {
      last = null;
      look(centred(), view.width, view.height);
    });
  }
  byId('clear').addEventListener('click', clear);
  clear();
}

if (settings.input === 'image') pictures();
else drawings();
