// The drawing area: mouse, finger or pen draw a digit in ink on a transparent canvas.

const STROKE = 22; // in canvas pixels of 280: MNIST's strokes are about 2 of 20 wide

export interface Drawing {
  /** Of each pixel, 0 to 255, rows from the top. */
  ink: Uint8Array;
  width: number;
}

export class Pad {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;

  /** `onChange` is called for each piece of a stroke. */
  constructor(canvas: HTMLCanvasElement, onChange: () => void) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
    Object.assign(this.#context, { lineWidth: STROKE, lineCap: 'round', lineJoin: 'round' });

    let pen: { id: number; x: number; y: number } | null = null;
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
    for (const type of ['pointerup', 'pointercancel'] as const) {
      canvas.addEventListener(type, (event) => {
        if (pen?.id === event.pointerId) pen = null;
      });
    }
  }

  clear(): void {
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** Shows a small picture, 0 to 1, blown up; `size` is that of a side. */
  show(picture: ArrayLike<number>, size: number): void {
    this.clear();
    const scale = this.#canvas.width / size;
    for (let i = 0; i < picture.length; i++) {
      this.#context.fillStyle = `rgb(0 0 0 / ${picture[i]})`;
      this.#context.fillRect((i % size) * scale, Math.floor(i / size) * scale, scale, scale);
    }
  }

  /** Puts a drawing back, as ink() gave it. */
  restore({ ink, width }: Drawing): void {
    const pixels = new ImageData(width, ink.length / width);
    ink.forEach((value, i) => (pixels.data[4 * i + 3] = value));
    this.#context.putImageData(pixels, 0, 0);
  }

  ink(): Drawing {
    const { width, height } = this.#canvas;
    const { data } = this.#context.getImageData(0, 0, width, height);
    const ink = new Uint8Array(width * height);
    for (let i = 0; i < ink.length; i++) ink[i] = data[4 * i + 3];
    return { ink, width };
  }

  #point({ clientX, clientY }: PointerEvent): { x: number; y: number } {
    const box = this.#canvas.getBoundingClientRect();
    return {
      x: ((clientX - box.left) / box.width) * this.#canvas.width,
      y: ((clientY - box.top) / box.height) * this.#canvas.height,
    };
  }

  #line(from: { x: number; y: number }, to: { x: number; y: number }): void {
    this.#context.beginPath();
    this.#context.moveTo(from.x, from.y);
    this.#context.lineTo(to.x, to.y);
    this.#context.stroke();
  }
}
