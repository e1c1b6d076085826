// Paints scenes on the canvas: the way from one to the next, and while the network trains what flows through it.
//
// Nothing is painted while nothing moves. What stands still is painted once, onto a canvas of its own.

import { restAfter } from '../app/frames';
import type { Palette } from './palette';
import { type Box, between, type Link, type Moving, moves, type Scene } from './scene';

const ZOOM_MS = 520;
const PULSE_MS = 1400; // from one layer to the next
const FLOW_MS = 45; // between two frames of what flows: enough for dots; the browser makes none between them
const PULSES = 16; // connections between two layers along which something flows: the strongest

export class Player {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #still = document.createElement('canvas');
  #palette: Palette;
  #scene: Scene | null = null;
  #former: Scene | null = null;
  #moves: Moving[] = [];
  #start = 0;
  #frame = 0;
  #isStill = false;
  #flows = false;
  #pulses: Link[] = [];
  #timer = 0; // for the next frame of what flows
  #due = 0; // when that is asked for; 0 for never
  #highlight = '';
  /** Pixels of the page for a unit of the scene; for the next one that is shown. */
  unit = 1;

  constructor(canvas: HTMLCanvasElement, palette: Palette) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d') as CanvasRenderingContext2D;
    this.#palette = palette;
  }

  /** Shows a scene, at another place with a zoom. */
  show(scene: Scene, zooms: boolean): void {
    if (zooms && this.#scene) {
      this.#former = this.#scene;
      this.#start = performance.now();
    }
    this.#scene = scene;
    if (this.#former) this.#moves = moves(this.#former, scene);
    this.#pulses = strongestOf(scene.links);
    this.#isStill = false;
    this.#ask();
  }

  /** Pixels of the screen for a unit of the scene. */
  get #density(): number {
    return devicePixelRatio * this.unit;
  }

  /** Whether something flows along the connections. */
  set flows(flows: boolean) {
    this.#flows = flows;
    this.#ask();
  }

  /** The item whose connections stand out; none for ''. */
  set highlight(key: string) {
    if (key === this.#highlight) return;
    this.#highlight = key;
    this.#isStill = false;
    this.#ask();
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#flows = false;
  }

  #ask() {
    this.#frame ||= requestAnimationFrame((now) => this.#paint(now));
  }

  #paint(now: number) {
    const late = this.#due && now - this.#due;
    this.#frame = this.#due = 0;
    clearTimeout(this.#timer);
    const scene = this.#scene;
    if (!scene?.width || !scene.height) return;
    const t = this.#former ? Math.min(1, Math.max(0, now - this.#start) / ZOOM_MS) : 1;
    if (t < 1 && this.#former) {
      this.#size(this.#canvas, scene);
      this.#move(this.#former, scene, t);
      this.#ask();
    } else {
      this.#former = null;
      if (!this.#isStill) this.#paintStill(scene);
      this.#size(this.#canvas, scene);
      this.#context.setTransform(1, 0, 0, 1, 0, 0);
      this.#context.drawImage(this.#still, 0, 0);
      if (this.#flows && this.#pulses.length) {
        this.#flow(scene, now);
        const wait = FLOW_MS + restAfter(late);
        this.#due = now + wait;
        this.#timer = setTimeout(() => this.#ask(), wait);
      }
    }
  }

  /** Clears a canvas, which has one pixel for each of the screen. */
  #size(canvas: HTMLCanvasElement, { width, height }: Scene) {
    const [w, h] = [Math.round(width * this.#density), Math.round(height * this.#density)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    const context = canvas.getContext('2d');
    context?.setTransform(1, 0, 0, 1, 0, 0);
    context?.clearRect(0, 0, w, h);
  }

  #paintStill(scene: Scene) {
    this.#isStill = true;
    this.#size(this.#still, scene);
    const context = this.#still.getContext('2d') as CanvasRenderingContext2D;
    context.setTransform(this.#density, 0, 0, this.#density, 0, 0);
    for (const link of scene.links) this.#link(context, link, scene.down);
    for (const { box, paint } of scene.items) paint(context, box);
  }

  #move(former: Scene, scene: Scene, time: number) {
    const c = this.#context;
    const t = time < 0.5 ? 4 * time ** 3 : 1 - (2 - 2 * time) ** 3 / 2;
    c.setTransform(this.#density, 0, 0, this.#density, 0, 0);
    for (const [links, alpha, down] of [
      [former.links, 1 - 3 * time, former.down],
      [scene.links, 3 * time - 2, scene.down],
    ] as const) {
      for (const link of links) if (alpha > 0) this.#link(c, link, down, alpha);
    }
    for (const { item, from, to, fade } of this.#moves) {
      c.globalAlpha = fade === 'none' ? 1 : fade === 'in' ? t : (1 - t) ** 2;
      const box = between(from, to, t);
      if (visible(box, scene)) item.paint(c, box);
    }
    c.globalAlpha = 1;
  }

  #link(c: CanvasRenderingContext2D, { from, to, ends, strength, sign }: Link, down: boolean, alpha = 1) {
    const chosen = !this.#highlight || ends.includes(this.#highlight);
    const { plus, minus, muted } = this.#palette;
    c.globalAlpha = alpha * (chosen ? 0.1 + 0.7 * strength : 0.04) * (this.#highlight && chosen ? 1.2 : 1);
    c.strokeStyle = sign > 0.05 ? plus : sign < -0.05 ? minus : muted;
    c.lineWidth = 0.5 + 1.8 * strength ** 2 + (this.#highlight && chosen ? 0.5 : 0);
    const [a, b] = endsOf(from, to, down);
    c.beginPath();
    c.moveTo(a.x, a.y);
    if (down) c.bezierCurveTo(a.x, (a.y + b.y) / 2, b.x, (a.y + b.y) / 2, b.x, b.y);
    else c.bezierCurveTo((a.x + b.x) / 2, a.y, (a.x + b.x) / 2, b.y, b.x, b.y);
    c.stroke();
    c.globalAlpha = 1;
  }

  /** Dots that run along the strongest connections. */
  #flow({ down }: Scene, now: number) {
    const c = this.#context;
    c.setTransform(this.#density, 0, 0, this.#density, 0, 0);
    this.#pulses.forEach(({ from, to, sign, strength }, i) => {
      const t = (now / PULSE_MS + i * 0.618) % 1;
      const [a, b] = endsOf(from, to, down);
      const s = 1 - t;
      const [early, late] = [s ** 3 + 3 * s * s * t, 3 * s * t * t + t ** 3]; // weights of the ends, each with its control
      const slow = [s ** 3 + 1.5 * s * t, 1.5 * s * t + t ** 3]; // along the way the controls lie in the middle
      const [wx, wy] = down ? [[early, late], slow] : [slow, [early, late]];
      c.globalAlpha = 0.9 * Math.sin(Math.PI * t);
      c.fillStyle = sign >= 0 ? this.#palette.plus : this.#palette.minus;
      c.beginPath();
      c.arc(a.x * wx[0] + b.x * wx[1], a.y * wy[0] + b.y * wy[1], 1.2 + 1.3 * strength, 0, 2 * Math.PI);
      c.fill();
    });
    c.globalAlpha = 1;
  }
}

/** Where a connection leaves and arrives. */
const endsOf = (from: Box, to: Box, down: boolean) =>
  down
    ? [
        { x: from.x + from.w / 2, y: from.y + from.h },
        { x: to.x + to.w / 2, y: to.y },
      ]
    : [
        { x: from.x + from.w, y: from.y + from.h / 2 },
        { x: to.x, y: to.y + to.h / 2 },
      ];

const visible = ({ x, y, w, h }: Box, { width, height }: Scene) => x < width && y < height && x + w > 0 && y + h > 0;

/** The strongest connections of each layer. */
function strongestOf(links: Link[]): Link[] {
  const byLayer = new Map<string, Link[]>();
  for (const link of links) {
    if (!link.sign) continue;
    const layer = link.ends[1].split(' ')[1];
    byLayer.set(layer, [...(byLayer.get(layer) ?? []), link]);
  }
  return [...byLayer.values()].flatMap((each) => each.sort((a, b) => b.strength - a.strength).slice(0, PULSES));
}
