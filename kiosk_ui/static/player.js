/** The clip, and what is drawn over it: the skeleton, the faulty joints, a good repetition. */

import { Painter } from "./painter.js";

const RETRIES = 5;
const AGAIN = 2000; // milliseconds
const SPEEDS = [1, 0.5, 0.25];

export class Player {
  /**
   * @param {HTMLElement} place holds video, canvas and buttons.
   * @param {AbortSignal} signal ends it.
   */
  constructor(place, signal) {
    this.place = place;
    this.video = place.querySelector("video");
    this.painter = new Painter(place.querySelector("canvas"), this.video, place.dataset.fault);
    this.listeners = [];
    this.signal = signal;
    this.wantsToPlay = false;
    this.#listenToVideo();
    this.#listenToButtons();
    const sized = new ResizeObserver(() => this.painter.paint(this.video.currentTime));
    sized.observe(this.video);
    signal.addEventListener("abort", () => sized.disconnect());
  }

  /** Call a function with the time, in seconds, of each picture that is shown. */
  onTime(listener) {
    this.listeners.push(listener);
  }

  /** Take what is to be drawn over the clip. */
  draw(motion) {
    this.motion = motion;
    this.painter.take(motion);
    const compare = this.place.querySelector("[data-compare]");
    if (compare) compare.hidden = !motion.good.length;
    this.#shown(this.video.currentTime);
  }

  /** Start by itself: at once, or still at the place to look at where motion is not wanted. */
  begin() {
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) this.play();
    else this.seek(Number(this.place.dataset.worst ?? this.motion?.repetitions[0]?.turn ?? 0));
  }

  play() {
    // Where it may not play by itself, or the result has gone already, that is no error.
    this.video.play().catch(() => {});
  }

  /** Go to a time in seconds. */
  seek(time) {
    this.video.currentTime = time;
    this.#shown(time);
  }

  #shown(time) {
    this.painter.paint(time);
    for (const listener of this.listeners) listener(time);
  }

  #listenToVideo() {
    const { video, place } = this;
    const address = video.getAttribute("src");
    let retries = 0;
    video.muted = true; // the attribute of an inserted element does not count everywhere
    video.controls = false; // they are for pages without scripts
    const follow = () => {
      place.dataset.playing = String(!video.paused);
    };
    for (const event of ["play", "pause"]) video.addEventListener(event, follow);
    follow();
    video.addEventListener("loadeddata", () => {
      place.dataset.loaded = "";
      this.#shown(video.currentTime);
    });
    if (video.readyState >= 2) place.dataset.loaded = "";
    video.addEventListener("seeked", () => this.#shown(video.currentTime));
    video.addEventListener("error", () => {
      if (this.signal.aborted || !video.isConnected) return;
      if (retries++ >= RETRIES) place.remove();
      else setTimeout(() => (video.src = `${address}?${retries}`), AGAIN);
    });
    if (video.requestVideoFrameCallback) {
      const each = (_now, frame) => {
        if (this.signal.aborted) return;
        this.#shown(frame.mediaTime);
        video.requestVideoFrameCallback(each);
      };
      video.requestVideoFrameCallback(each);
    } else {
      const each = () => {
        if (this.signal.aborted) return;
        if (!video.paused) this.#shown(video.currentTime);
        requestAnimationFrame(each);
      };
      requestAnimationFrame(each);
    }
  }

  #listenToButtons() {
    const { video, place } = this;
    const on = (name, act) => place.querySelector(`[data-${name}]`)?.addEventListener("click", (event) => act(event.currentTarget));
    const toggle = () => (video.paused ? this.play() : video.pause());
    on("play", toggle);
    video.addEventListener("click", toggle);
    on("speed", (button) => {
      const next = SPEEDS[(SPEEDS.indexOf(video.playbackRate) + 1) % SPEEDS.length];
      video.playbackRate = next;
      for (const name of button.querySelectorAll("[data-rate]")) name.hidden = Number(name.dataset.rate) !== next;
    });
    on("jump", () => {
      video.pause();
      this.seek(Number(place.dataset.worst));
    });
    on("compare", (button) => {
      const wanted = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(wanted));
      this.painter.compares = wanted;
      this.painter.paint(video.currentTime);
    });
  }
}
