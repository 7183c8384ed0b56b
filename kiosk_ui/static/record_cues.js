/** What is heard and felt while the phone stands three steps away: beeps, vibration, a voice. */

const LANGUAGES = { en: "en-US", ko: "ko-KR" };

export class Cues {
  #audio = null;
  #lock = null;

  /** Call this from a touch: only then may a page sound. */
  unlock() {
    this.#audio ??= globalThis.AudioContext && new AudioContext();
    this.#audio?.resume().catch(() => {});
  }

  tick() {
    this.#beep(660, 0.12);
    this.#shake(60);
  }

  go() {
    this.#beep(990, 0.7);
    this.#shake(400);
  }

  end() {
    this.#beep(880, 0.15);
    this.#beep(587, 0.5, 0.22);
    this.#shake([120, 80, 300]);
  }

  /** Say a sentence; who films with the back camera sees nothing of the screen. */
  say(text) {
    const voice = globalThis.speechSynthesis;
    if (!voice) return;
    voice.cancel();
    const sentence = new SpeechSynthesisUtterance(text);
    sentence.lang = LANGUAGES[document.documentElement.lang] ?? "en-US";
    voice.speak(sentence);
  }

  quiet() {
    globalThis.speechSynthesis?.cancel();
  }

  /** Keep the screen on; a page that was left must ask again. */
  async stayAwake() {
    try {
      this.#lock = await navigator.wakeLock?.request("screen");
    } catch {
      // The battery is low, or the page is not seen: it works all the same.
    }
  }

  sleep() {
    this.#lock?.release().catch(() => {});
    this.#lock = null;
  }

  #beep(frequency, seconds, later = 0) {
    if (!this.#audio) return;
    const begin = this.#audio.currentTime + later;
    const tone = new OscillatorNode(this.#audio, { frequency });
    const loudness = new GainNode(this.#audio, { gain: 0 });
    loudness.gain.setTargetAtTime(0.6, begin, 0.008);
    loudness.gain.setTargetAtTime(0, begin + seconds, 0.02);
    tone.connect(loudness).connect(this.#audio.destination);
    tone.start(begin);
    tone.stop(begin + seconds + 0.2);
  }

  #shake(pattern) {
    navigator.vibrate?.(pattern);
  }
}
