/** Asks the kiosk how the person stands, with a small picture a few times a second. */

const LONG_SIDE = 384; // pixels
const QUALITY = 0.7;
const GAP = 300; // milliseconds from one picture to the next
const PAUSE = 2000; // after the kiosk could not look
const PATIENCE = 4000;

export class Framing {
  #page = crypto.randomUUID();
  #canvas = document.createElement("canvas");
  #running = null;

  /**
   * @param {HTMLVideoElement} video
   * @param {(guidance: object | null) => void} onGuidance null: the kiosk cannot look
   */
  constructor(video, onGuidance) {
    this.video = video;
    this.onGuidance = onGuidance;
  }

  start() {
    this.stop();
    this.#running = new AbortController();
    this.#run(this.#running.signal);
  }

  stop() {
    this.#running?.abort();
    this.#running = null;
  }

  async #run(stopped) {
    while (!stopped.aborted) {
      const began = performance.now();
      let pause = GAP;
      if (this.video.videoWidth) {
        const guidance = await this.#ask(stopped);
        if (stopped.aborted) return;
        this.onGuidance(guidance);
        if (guidance === null) pause = PAUSE;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, began + pause - performance.now())));
    }
  }

  async #ask(stopped) {
    const limit = new AbortController();
    const stop = () => limit.abort();
    const timer = setTimeout(stop, PATIENCE);
    stopped.addEventListener("abort", stop);
    try {
      const picture = await this.#picture();
      const answer = await fetch(`/api/v1/framing?page=${this.#page}`, {
        method: "POST",
        headers: { "Content-Type": "image/jpeg" },
        body: picture,
        signal: limit.signal,
      });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null; // the network is away
    } finally {
      clearTimeout(timer);
      stopped.removeEventListener("abort", stop);
    }
  }

  /** What the camera sees, never mirrored. */
  #picture() {
    const { videoWidth, videoHeight } = this.video;
    const scale = LONG_SIDE / Math.max(videoWidth, videoHeight);
    this.#canvas.width = Math.round(videoWidth * scale);
    this.#canvas.height = Math.round(videoHeight * scale);
    this.#canvas.getContext("2d").drawImage(this.video, 0, 0, this.#canvas.width, this.#canvas.height);
    return new Promise((resolve) => this.#canvas.toBlob(resolve, "image/jpeg", QUALITY));
  }
}
