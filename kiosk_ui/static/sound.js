/** Sounds of the kiosk, made on the spot: no files, and each one can be told from the others. */

let context = null;

/** Make sound possible; browsers want this to follow a touch, kiosks are told not to mind. */
export function wake() {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume();
}

/** Play notes: each is [Hz, begin in s, length in s], with one timbre and loudness for all. */
function play(notes, type = "triangle", loudness = 0.35) {
  wake();
  const begin = context.currentTime + 0.02;
  for (const [pitch, after, length] of notes) {
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.type = type;
    tone.frequency.value = pitch;
    gain.gain.setValueAtTime(0, begin + after);
    gain.gain.linearRampToValueAtTime(loudness, begin + after + 0.01);
    gain.gain.setValueAtTime(loudness, begin + after + length * 0.6);
    gain.gain.exponentialRampToValueAtTime(0.001, begin + after + length);
    tone.connect(gain).connect(context.destination);
    tone.start(begin + after);
    tone.stop(begin + after + length);
  }
  lastPlayed.push(notes);
}

/** What was played, for the tests: headless browsers are silent. */
export const lastPlayed = [];
globalThis.kioskSounds = lastPlayed;

export const tick = () => play([[440, 0, 0.12]]);
export const begin = () => play([[880, 0, 0.6]], "square", 0.18);
export const counted = () => play([[1320, 0, 0.07]], "sine", 0.25);
export const end = () => play([[660, 0, 0.22], [660, 0.28, 0.22], [440, 0.56, 0.5]], "square", 0.18);

/** Say how it went: up for good, two steady notes for not yet, one soft note for neither. */
export function verdict(state) {
  if (state === "good") play([[523, 0.9, 0.18], [659, 1.05, 0.18], [784, 1.2, 0.18], [1047, 1.35, 0.6]]);
  else if (state === "bad") play([[392, 0.9, 0.3], [349, 1.25, 0.5]]);
  else play([[440, 0.9, 0.4]], "sine");
}
