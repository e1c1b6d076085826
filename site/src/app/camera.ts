// The camera, and why there may be no picture from it.

export type Obstacle = 'refused' | 'none' | 'busy' | 'insecure' | 'ended';

/** Why there is no picture from the camera. */
export class NoCamera extends Error {
  override name = 'NoCamera';
  obstacle: Obstacle;

  constructor(obstacle: Obstacle) {
    super(obstacle);
    this.obstacle = obstacle;
  }
}

/** What getUserMedia's errors mean. */
const OBSTACLES: Record<string, Obstacle> = {
  NotAllowedError: 'refused',
  SecurityError: 'refused',
  NotFoundError: 'none',
  OverconstrainedError: 'none',
};

export class Camera {
  #video: HTMLVideoElement;
  #onEnd: () => void;
  #stream: MediaStream | null = null;
  /** Counts the wishes: an answer to an earlier one comes too late. */
  #wish = 0;

  /** `onEnd` is called when it was taken away, not after stop(). */
  constructor(video: HTMLVideoElement, onEnd: () => void) {
    this.#video = video;
    this.#onEnd = onEnd;
  }

  /** Whether it shows pictures. */
  get runs(): boolean {
    return this.#stream !== null && this.#video.videoWidth > 0;
  }

  /**
   * Turns it on; the browser asks the visitor. Gives whether it shows them as a mirror does; null if it was turned off, or
   * on anew, meanwhile.
   */
  async start(): Promise<boolean | null> {
    const wish = ++this.#wish;
    if (!navigator.mediaDevices) throw new NoCamera('insecure'); // only pages from https or localhost have it
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        video: { width: { ideal: 640 }, facingMode: 'environment' },
      });
    } catch (error) {
      if (wish !== this.#wish) return null;
      throw new NoCamera(OBSTACLES[(error as Error).name] ?? 'busy');
    }
    if (wish !== this.#wish) {
      end(stream);
      return null;
    }
    const [track] = stream.getVideoTracks();
    track.addEventListener('ended', () => {
      if (this.#stream !== stream) return;
      this.stop();
      this.#onEnd();
    });
    if (this.#stream) end(this.#stream);
    this.#stream = stream;
    this.#video.srcObject = stream;
    await this.#video.play().catch(() => {}); // it was turned off meanwhile
    if (wish !== this.#wish) return null;
    return track.getSettings().facingMode !== 'environment'; // as in a mirror, unless it looks away from the visitor
  }

  stop(): void {
    this.#wish++;
    if (this.#stream) end(this.#stream);
    this.#stream = null;
    this.#video.srcObject = null;
  }
}

function end(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
