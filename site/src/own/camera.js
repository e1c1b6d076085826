// The camera, and what stands in its way.

/** @typedef {'refused' | 'none' | 'busy' | 'insecure' | 'ended'} Obstacle */

/** Why there is no picture from the camera. */
export class NoCamera extends Error {
  name = 'NoCamera';

  /** @param {Obstacle} obstacle */
  constructor(obstacle) {
    super(obstacle);
    this.obstacle = obstacle;
  }
}

/** What getUserMedia's errors mean. @type {Record<string, Obstacle>} */
const OBSTACLES = {
  NotAllowedError: 'refused',
  SecurityError: 'refused',
  NotFoundError: 'none',
  OverconstrainedError: 'none',
};

export class Camera {
  #video;
  #onEnd;
  /** @type {MediaStream | null} */
  #stream = null;
  /** Counts the wishes: an answer to an earlier one comes too late. */
  #wish = 0;

  /** @param {HTMLVideoElement} video @param {() => void} onEnd  called when it was taken away, not after stop() */
  constructor(video, onEnd) {
    this.#video = video;
    this.#onEnd = onEnd;
  }

  /** Whether it shows pictures. */
  get runs() {
    return this.#stream !== null && this.#video.videoWidth > 0;
  }

  /** Turns it on; the browser asks the visitor. @throws {NoCamera} */
  async start() {
    const wish = ++this.#wish;
    if (!navigator.mediaDevices) throw new NoCamera('insecure'); // only pages from https or localhost have it
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 }, facingMode: 'user' } });
    } catch (error) {
      throw new NoCamera(OBSTACLES[/** @type {Error} */ (error).name] ?? 'busy');
    }
    if (wish !== this.#wish) {
      end(stream);
      return;
    }
    const [track] = stream.getVideoTracks();
    track.addEventListener('ended', () => {
      if (this.#stream !== stream) return;
      this.stop();
      this.#onEnd();
    });
    this.#stream = stream;
    this.#video.srcObject = stream;
    // As in a mirror, unless it looks away from the visitor.
    this.#video.classList.toggle('mirrored', track.getSettings().facingMode !== 'environment');
    await this.#video.play().catch(() => {}); // it was turned off meanwhile
  }

  stop() {
    this.#wish++;
    if (this.#stream) end(this.#stream);
    this.#stream = null;
    this.#video.srcObject = null;
  }
}

/** @param {MediaStream} stream */
function end(stream) {
  for (const track of stream.getTracks()) track.stop();
}
