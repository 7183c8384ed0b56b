/** The kiosk's screen: shows what the station does, and presses its Start. */

import { languages, showGate, tickGate } from "./gate.js";
import { showResult } from "./result.js";
import { setUpMenu } from "./menu.js";

const byId = (id) => document.getElementById(id);
const word = (name) => byId("words").content.querySelector(`[data-word="${name}"]`).textContent;

let now = { state: "starting", camera: { ok: false } };
let endsAt = 0; // on performance.now()'s clock, in milliseconds
let lastTick = null;
let leaveResult = () => {};
let movedAt = -Infinity; // when the button that somebody touched made way for another one
const hold = Object.fromEntries(languages.map((language) => [language, word(`hold-${language}`)]));

/* ---- what the station says ---- */

let instance = null;

function listen() {
  const events = new EventSource("/kiosk/events");
  let lost = null;
  events.addEventListener("open", () => {
    clearTimeout(lost);
    lost = null;
    byId("lost").hidden = true;
  });
  events.addEventListener("hello", (event) => {
    const told = JSON.parse(event.data).instance;
    // The kiosk was restarted, perhaps with another version of this page.
    if (instance !== null && instance !== told) location.reload();
    instance = told;
  });
  events.addEventListener("state", (event) => {
    byId("lost").hidden = true; // a press may have been lost while the news came
    show(JSON.parse(event.data));
  });
  events.addEventListener("error", () => {
    lost ??= setTimeout(() => (byId("lost").hidden = false), 1500);
    if (events.readyState === EventSource.CLOSED) {
      setTimeout(listen, 2000);
    }
  });
}

function show(next) {
  const before = now;
  now = next;
  endsAt = performance.now() + 1000 * (next.remaining ?? 0);
  if (next.state !== before.state) enter(next, before);
  byId("repetitions").textContent = next.repetitions;
  const squats = byId("squats");
  squats.textContent = next.repetitions === 1 ? squats.dataset.one : squats.dataset.many;
  if (next.repetitions > before.repetitions && next.state === "recording") {
    beat(byId("repetitions"));
    tellWord(next.word);
  }
  const blind = ["black", "frozen"].includes(next.camera.picture?.code);
  if (next.state === "positioning") showGate(next.guidance, blind ? null : next.insist_in, hold);
  tellError(next.state === "idle" ? next.message?.text[languages[0]] : null);
  showCamera(next.camera);
}

const STOPPABLE = ["positioning", "countdown", "recording"];
const SLOW = 400; // milliseconds
let slow = 0;

function enter(next, before) {
  document.body.dataset.state = next.state;
  for (const part of document.querySelectorAll("[data-show]")) {
    part.hidden = part.dataset.show !== next.state;
  }
  if (next.state !== "idle") byId("menu").close(); // somebody may have raised an arm
  if (next.state === "positioning" || (next.state === "idle" && STOPPABLE.includes(before.state))) {
    movedAt = performance.now();
  }
  lastTick = null;
  tellRefused(null);
  leaveResult();
  leaveResult = () => {};
  if (next.state === "recording") {
    tellWord(null);
    flash("go");
  }
  clearTimeout(slow);
  // Mostly the verdict is there before anybody could read that the recording is done.
  if (next.state === "scoring") slow = setTimeout(() => flash("done"), SLOW);
  if (next.state === "result") {
    byId("flash").hidden = true;
    leaveResult = showResult(byId("result"), next.result, { card: next.card });
  }
}

/* ---- the live picture ---- */

function showCamera(camera) {
  const live = byId("live");
  // Nobody sees the picture beside a result: the device need not make it.
  const wanted = camera.ok && now.state !== "result";
  if (wanted && live.hidden) live.src = `/kiosk/live.mjpg?${Date.now()}`;
  if (!wanted && !live.hidden) live.removeAttribute("src");
  live.hidden = !wanted;
  byId("no-picture").hidden = wanted;
  byId("start").disabled = !camera.ok || now.message?.code === "disk_full";
  showTrouble(camera.ok ? camera.picture : null);
  const why = camera.message ?? "";
  byId("camera-message").textContent = why.charAt(0).toUpperCase() + why.slice(1);
  for (const part of document.querySelectorAll("[data-camera]")) {
    part.hidden = (part.dataset.camera === "ok") !== camera.ok;
  }
}

/** Say what is wrong with the picture, in place of what to do in front of it. */
function showTrouble(picture) {
  const shown = Boolean(picture) && ["idle", "positioning"].includes(now.state);
  const place = byId("trouble");
  place.hidden = !shown;
  document.querySelector("#fit > .overlay").hidden = shown || now.state !== "positioning";
  if (!shown) return;
  const [first, second] = languages.map((language) => picture.text[language]);
  for (const [tag, text] of [["strong", first], ["span", second]]) {
    const part = place.querySelector(tag);
    if (part.textContent !== text) part.textContent = text; // a screen reader says each change
  }
}

byId("live").addEventListener("load", () => {
  const { naturalWidth, naturalHeight } = byId("live");
  byId("fit").style.setProperty("--shape", naturalWidth / naturalHeight);
});
byId("live").addEventListener("error", () => {
  const live = byId("live");
  live.hidden = true;
  live.removeAttribute("src");
  setTimeout(() => showCamera(now.camera), 1000);
});

/* ---- time ---- */

function tick() {
  const left = Math.max(0, (endsAt - performance.now()) / 1000);
  const whole = Math.ceil(left - 0.02);
  if (now.state === "countdown") {
    byId("lead").style.strokeDashoffset = now.total ? left / now.total - 1 : 0;
    if (whole > 0 && whole !== lastTick) {
      lastTick = whole;
      byId("countdown").textContent = whole;
      beat(byId("countdown"));
    }
  } else if (now.state === "recording") {
    byId("seconds").textContent = Math.max(whole, 0);
    byId("ring").style.strokeDashoffset = now.total ? left / now.total - 1 : 0;
  } else if (now.state === "positioning") {
    tickGate();
  } else if (now.state === "result") {
    byId("leaving").style.scale = `${now.total ? left / now.total : 0} 1`;
  }
  requestAnimationFrame(tick);
}

function beat(element) {
  element.classList.remove("beat");
  void element.offsetWidth; // lets the animation begin anew
  element.classList.add("beat");
}

/** Show the word about the latest repetition, in all its languages; nothing if there is none. */
function tellWord(word) {
  const place = byId("word");
  place.hidden = !word;
  if (!word) return;
  for (const part of place.querySelectorAll("[lang]")) part.textContent = word[part.lang];
  beat(place);
}

let unflash = 0;

function flash(kind) {
  const sheet = byId("flash");
  sheet.hidden = true;
  void sheet.offsetWidth;
  sheet.dataset.kind = kind;
  sheet.textContent = word(kind);
  sheet.hidden = false;
  clearTimeout(unflash);
  unflash = setTimeout(() => (sheet.hidden = true), 1000);
}

/* ---- touch ---- */

const DOUBLE_TAP = 600; // milliseconds

async function press(what) {
  // The second of two taps on Start or Stop lands where now another button is.
  if (performance.now() - movedAt < DOUBLE_TAP) return;
  try {
    const answer = await fetch(`/kiosk/${what}`, { method: "POST" });
    if (!answer.ok) tellRefused((await answer.json()).detail ?? word("busy"));
  } catch {
    byId("lost").hidden = false;
  }
}

const READ = 8000; // milliseconds in which a sentence is read, twice
let refused = { text: null, timer: 0 };

/** Say why a press was refused; news of the station, which may come at any moment, do not end that. */
function tellRefused(text) {
  clearTimeout(refused.timer);
  refused = { text, timer: text && setTimeout(() => tellRefused(null), READ) };
  put("refused", text);
  tellError(now.state === "idle" ? now.message?.text[languages[0]] : null);
}

function tellError(text) {
  put("message", text ?? refused.text);
}

function put(place, text) {
  byId(place).hidden = !text;
  byId(place).querySelector("span").textContent = text ?? "";
}

byId("start").addEventListener("click", () => press("start"));
byId("again").addEventListener("click", () => press("start"));
byId("insist").addEventListener("click", () => press("start"));
for (const button of document.querySelectorAll("[data-cancel]")) {
  button.addEventListener("click", () => press("cancel"));
}
/* Whoever plays with a result has more time for it. */
const TOUCH_PAUSE = 2000; // milliseconds
let touched = 0;

for (const kind of ["pointerdown", "keydown"]) {
  byId("result").addEventListener(kind, () => {
    if (now.state !== "result" || performance.now() - touched < TOUCH_PAUSE) return;
    touched = performance.now();
    fetch("/kiosk/touched", { method: "POST" }).catch(() => {});
  });
}
document.addEventListener("contextmenu", (event) => event.preventDefault());

document.documentElement.classList.add("scripted");
setUpMenu(byId("menu"), byId("open-menu"));
for (const part of document.querySelectorAll("[data-show]")) part.hidden = part.dataset.show !== "starting";
listen();
requestAnimationFrame(tick);
