// Where the picture comes from: drawn, from the camera, or a file.

import { Camera, NoCamera } from '../../app/camera';
import { isReadable } from '../../app/canvas';
import { type Picture, photo } from './photo';

const [WIDTH, HEIGHT] = [320, 240];
const PACE = 60; // milliseconds from one picture of the camera to the next

export class Source {
  picture = $state.raw<Picture>(photo(WIDTH, HEIGHT));
  /** What the camera is at. */
  camera = $state<'off' | 'starting' | 'on'>('off');
  /** Why there is no picture. */
  obstacle = $state<NoCamera['obstacle'] | 'file' | 'hidden' | null>(null);

  #camera: Camera | undefined;
  #video: HTMLVideoElement | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  async startCamera(): Promise<void> {
    [this.camera, this.obstacle] = ['starting', null];
    this.#video ??= Object.assign(document.createElement('video'), { muted: true, playsInline: true });
    this.#camera ??= new Camera(this.#video, () => {
      this.stopCamera();
      this.obstacle = 'ended';
    });
    try {
      if ((await this.#camera.start()) === null) return;
      this.camera = 'on';
      clearInterval(this.#timer);
      const video = this.#video;
      this.#timer = setInterval(() => {
        if (this.#camera?.runs) this.#take(video, video.videoWidth, video.videoHeight);
      }, PACE);
    } catch (error) {
      if (!(error instanceof NoCamera)) throw error;
      [this.camera, this.obstacle] = ['off', error.obstacle];
    }
  }

  stopCamera(): void {
    clearInterval(this.#timer);
    this.#camera?.stop();
    this.camera = 'off';
  }

  async open(file: File): Promise<void> {
    this.obstacle = null;
    try {
      const bitmap = await createImageBitmap(file);
      this.stopCamera();
      this.#take(bitmap, bitmap.width, bitmap.height);
      bitmap.close();
    } catch {
      this.obstacle = 'file';
    }
  }

  startOver(): void {
    this.stopCamera();
    [this.picture, this.obstacle] = [photo(WIDTH, HEIGHT), null];
  }

  /** The middle of an image, in grey. */
  #take(image: CanvasImageSource, width: number, height: number): void {
    if (!isReadable()) {
      this.stopCamera();
      this.obstacle = 'hidden';
      return;
    }
    const context = new OffscreenCanvas(WIDTH, HEIGHT).getContext('2d', { willReadFrequently: true });
    if (!context) return;
    const scale = Math.max(WIDTH / width, HEIGHT / height);
    const [across, down] = [WIDTH / scale, HEIGHT / scale];
    context.drawImage(image, (width - across) / 2, (height - down) / 2, across, down, 0, 0, WIDTH, HEIGHT);
    const { data } = context.getImageData(0, 0, WIDTH, HEIGHT);
    const grey = Float32Array.from(
      { length: WIDTH * HEIGHT },
      (_, i) => (0.3 * data[4 * i] + 0.59 * data[4 * i + 1] + 0.11 * data[4 * i + 2]) / 255,
    );
    this.picture = { width: WIDTH, height: HEIGHT, data: grey };
  }
}
