/** The result of one score, on the kiosk and on phones alike. */

import { showCourse } from "./plot.js";
import { Player } from "./player.js";
import { splash } from "./splash.js";

const POLL = 1000; // milliseconds
const AFTER = 1500; // milliseconds after its time in which the kiosk has deleted a video
const HELD = 500; // an answer that took so long waited for news: ask again at once

/**
 * Show a score in an element and follow it until it is finished.
 * @param {HTMLElement} place where the card is put; it may hold one already.
 * @param {string} key id of the score.
 * @param {{card?: string, onGone?: () => void, onFinished?: (state: string) => void, onLost?: (lost: boolean) => void}} tell
 *   card: the card, where it is known already; onGone: what is done once the video is deleted, if
 *   not that the card is shown without it.
 * @returns {() => void} ends it and empties the element.
 */
export function showResult(place, key, tell = {}) {
  const stopping = new AbortController();
  let shown = new AbortController(); // of the card that is there
  let timer = 0;

  async function load() {
    const began = performance.now();
    try {
      const answer = await fetch(`/scores/${key}/card`, { signal: stopping.signal, headers: { Accept: "text/html" } });
      if (answer.ok || answer.status === 404) {
        place.innerHTML = await answer.text(); // our own template, escaped by the server
        tell.onLost?.(false);
        if (follow()) return;
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      tell.onLost?.(true);
    }
    timer = setTimeout(load, performance.now() - began > HELD ? 0 : POLL);
  }

  /** Bring the card that is there to life; tell whether it is the last one. */
  function follow() {
    const card = place.querySelector("[data-card]");
    if (card && !("finished" in card.dataset)) return false;
    if (card) {
      liven(card, shown.signal);
      countDown(card, shown.signal, tell.onGone ?? again);
    }
    tell.onFinished?.(card?.dataset.state ?? "failed");
    return true;
  }

  /** Show the result without its video: nobody is told the verdict a second time. */
  async function again() {
    try {
      const answer = await fetch(`/scores/${key}/card`, { signal: stopping.signal, headers: { Accept: "text/html" } });
      const text = await answer.text();
      if (stopping.signal.aborted) return;
      leave();
      shown = new AbortController();
      place.innerHTML = text;
      place.querySelector("[data-splash]")?.remove();
      follow();
    } catch {
      if (!stopping.signal.aborted) timer = setTimeout(again, AFTER); // it does not answer just now
    }
  }

  /** Let go of the card that is there. */
  function leave() {
    shown.abort();
    place.querySelector("video")?.removeAttribute("src");
  }

  if (tell.card) place.innerHTML = tell.card;
  if (place.querySelector("[data-card]")) {
    if (!follow()) load();
  } else {
    load();
  }
  return () => {
    stopping.abort();
    clearTimeout(timer);
    leave();
    place.replaceChildren();
  };
}

/** Tell how long the video is still there, and do something once it is not. */
function countDown(card, signal, gone) {
  const place = card.querySelector("[data-until]");
  if (!place) return;
  const end = performance.now() + 1000 * Number(place.dataset.until);
  let timer = 0;
  const tick = () => {
    const left = end - performance.now();
    if (left <= 0) {
      timer = setTimeout(gone, AFTER);
      return;
    }
    const minutes = Math.ceil(left / 60_000);
    const { one, many } = place.dataset;
    place.querySelector("span").textContent = minutes === 1 ? one : many.replace("#", minutes);
    timer = setTimeout(tick, Math.min(left, 5000));
  };
  tick();
  signal.addEventListener("abort", () => clearTimeout(timer));
}

/** Say the verdict, play the clip, and let list and plot lead to their places in it. */
async function liven(card, signal) {
  const said = splash(card, signal);
  const shown = card.querySelector("[data-player]");
  const buttons = [...card.querySelectorAll("[data-start]")];
  if (!shown) {
    for (const button of buttons) button.disabled = true;
    return;
  }
  const player = new Player(shown, signal);
  player.onTime((time) => {
    for (const { dataset } of buttons) {
      if (time >= Number(dataset.start) && time <= Number(dataset.end)) dataset.now = "";
      else delete dataset.now;
    }
  });
  for (const button of buttons) {
    button.addEventListener("click", () => {
      player.seek(Number(button.dataset.start));
      player.play();
    });
  }
  try {
    const answer = await fetch(shown.dataset.motion, { signal });
    if (answer.ok) {
      const motion = await answer.json();
      player.draw(motion);
      const place = card.querySelector("[data-course]");
      if (place) showCourse(place, motion, buttons, player, signal);
    }
  } catch (error) {
    if (error.name === "AbortError") return; // else the clip alone is shown
  }
  await said;
  if (!signal.aborted) player.begin();
}
