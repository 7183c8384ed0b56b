/** The result of one score, on the kiosk and on phones alike. */

const POLL = 1000; // milliseconds
const HELD = 500; // an answer that took so long waited for news: ask again at once
const REPLAY_RETRIES = 20;

/**
 * Show a score in an element and follow it until it is finished.
 * @param {HTMLElement} place where the card is put; it may hold one already.
 * @param {string} key id of the score.
 * @param {{onFinished?: (state: string) => void, onLost?: (lost: boolean) => void}} tell
 * @returns {() => void} ends it and empties the element.
 */
export function showResult(place, key, tell = {}) {
  const stopping = new AbortController();
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
    if (card) liven(card);
    tell.onFinished?.(card?.dataset.state ?? "failed");
    return true;
  }

  if (place.querySelector("[data-card]")) {
    if (!follow()) load();
  } else {
    load();
  }
  return () => {
    stopping.abort();
    clearTimeout(timer);
    place.querySelector("video")?.removeAttribute("src");
    place.replaceChildren();
  };
}

/** Play the replay, and let the list of repetitions lead to its places in it. */
function liven(card) {
  const replay = card.querySelector("[data-replay]");
  const video = replay?.querySelector("video");
  const buttons = [...card.querySelectorAll("[data-start]")];
  if (!video) {
    for (const button of buttons) button.disabled = true;
    return;
  }
  const address = video.getAttribute("src");
  let retries = 0;
  // Where it may not play by itself, or the result has gone already, that is no error.
  const play = () => video.play().catch(() => {});
  video.muted = true; // the attribute of an inserted element does not count everywhere
  video.addEventListener("playing", () => (replay.dataset.playing = ""));
  video.addEventListener("error", () => {
    if (!video.isConnected) return;
    if (retries++ >= REPLAY_RETRIES) replay.remove();
    else setTimeout(() => (video.src = `${address}?${retries}`), 2000);
  });
  video.addEventListener("timeupdate", () => {
    const time = video.currentTime;
    for (const { dataset } of buttons) {
      if (time >= Number(dataset.start) && time <= Number(dataset.end)) dataset.now = "";
      else delete dataset.now;
    }
  });
  for (const button of buttons) {
    button.addEventListener("click", () => {
      video.currentTime = Number(button.dataset.start);
      play();
    });
  }
  play();
}
