// The drawing area: mouse, finger or pen draw a digit in ink on a transparent canvas.

const STROKE = 22; // in canvas pixels of 280: MNIST's strokes are about 2 of 20 wide

export class Pad {
  #canvas;
  #context;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} onChange  called for each stroke's piece
   */
  constructor(canvas, onChange) {
    this.#canvas = canvas;
    this.#context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
    Object.assign(this.#context, { lineWidth: STROKE, lineCap: 'round', lineJoin: 'round' });

    /** @type {{id: number, x: number, y: number} | null} */
    let pen = null;
    canvas.addEventListener('pointerdown', (event) => {
      if (pen || event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      pen = { id: event.pointerId, ...this.#point(event) };
      this.#line(pen, pen);
      onChange();
    });
    canvas.addEventListener('pointermove', (event) => {
      if (pen?.id !== event.pointerId) return;
      // A fast pen reports several points in one event.
      const events = event.getCoalescedEvents?.() ?? []; // older Safari has none
      for (const piece of events.length ? events : [event]) {
        const point = this.#point(piece);
        this.#line(pen, point);
        Object.assign(pen, point);
      }
      onChange();
    });
    for (const type of /** @type {const} */ (['pointerup', 'pointercancel'])) {
      canvas.addEventListener(type, (event) => {
        if (pen?.id === event.pointerId) pen = null;
      });
    }
  }

  clear() {
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** Shows a small picture, 0 to 1, blown up. @param {ArrayLike<number>} picture @param {number} size  of a side */
  show(picture, size) {
    this.clear();
    const scale = this.#canvas.width / size;
    for (let i = 0; i < picture.length; i++) {
      this.#context.fillStyle = `rgb(0 0 0 / ${picture[i]})`;
      this.#context.fillRect((i % size) * scale, Math.floor(i / size) * scale, scale, scale);
    }
  }

  /** Puts a drawing back. @param {{ink: Uint8Array, width: number}} drawing  as ink() gave it */
  restore({ ink, width }) {
    const pixels = new ImageData(width, ink.length / width);
    ink.forEach((value, i) => (pixels.data[4 * i + 3] = value));
    this.#context.putImageData(pixels, 0, 0);
  }

  /** The ink of each pixel, 0 to 255, rows from the top. */
  ink() {
    const { width, height } = this.#canvas;
    const { data } = this.#context.getImageData(0, 0, width, height);
    return { ink: Uint8Array.from({ length: width * height }, (_, i) => data[4 * i + 3]), width };
  }

  /** @param {PointerEvent} event */
  #point({ clientX, clientY }) {
    const box = this.#canvas.getBoundingClientRect();
    return {
      x: ((clientX - box.left) / box.width) * this.#canvas.width,
      y: ((clientY - box.top) / box.height) * this.#canvas.height,
    };
  }

  /**
   * @param {{x: number, y: number}} from
   * @param {{x: number, y: number}} to
   */
  #line(from, to) {
    this.#context.beginPath();
    this.#context.moveTo(from.x, from.y);
    this.#context.lineTo(to.x, to.y);
    this.#context.stroke();
  }
}
