/** Asks again and again whether the kiosk has room for a video: nobody is to film one in vain. */

const EVERY = 5000; // milliseconds

/**
 * @param {(full: boolean) => void} tell called with each answer, the page's own first.
 */
export function watchRoom(tell) {
  tell(document.body.hasAttribute("data-full"));
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch("/phone/room", { cache: "no-store" });
      if (answer.ok) tell((await answer.json()).full);
    } catch {
      // The network is away: what was said last stays.
    }
  };
  setInterval(ask, EVERY);
  // Somebody may come back to the page, or go back to it, after hours.
  document.addEventListener("visibilitychange", ask);
  addEventListener("pageshow", ask);
}
