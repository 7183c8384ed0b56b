/** The first moments of a result on the kiosk: one word that is read from across the room. */

const STAYS = 2600; // milliseconds
const SHRINKS = 450;

/**
 * Show the verdict over the whole screen for a while; a touch goes on at once.
 * @param {HTMLElement} card the result, whose verdict it shrinks into.
 * @param {AbortSignal} signal ends it.
 * @returns {Promise<void>} resolved as soon as the details are to be seen.
 */
export function splash(card, signal) {
  const sheet = card.querySelector("[data-splash]");
  if (!sheet) return Promise.resolve();
  fit(sheet);
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      if (sheet.dataset.leaving !== undefined) return;
      sheet.dataset.leaving = "";
      resolve();
      shrink(sheet, card.querySelector(".result__verdict"));
    };
    const timer = setTimeout(done, STAYS);
    sheet.addEventListener("click", done);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Make the word as narrow as the screen demands: its height is what carries across the room. */
function fit(sheet) {
  for (const word of sheet.querySelectorAll("[data-fit]")) {
    const room = sheet.clientWidth - 2 * parseFloat(getComputedStyle(sheet).paddingLeft);
    const used = word.parentElement === sheet ? word.offsetLeft - parseFloat(getComputedStyle(sheet).paddingLeft) : 0;
    word.style.scale = `${Math.min(1, (room - used) / word.scrollWidth)} 1`;
  }
}

async function shrink(sheet, into) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (into && !still) {
    const end = into.getBoundingClientRect();
    const inset = [end.top, innerWidth - end.right, innerHeight - end.bottom, end.left].map((side) => `${Math.max(0, side)}px`);
    const frames = [
      { clipPath: "inset(0px 0px 0px 0px round 0px)", opacity: 1 },
      { clipPath: `inset(${inset.join(" ")} round 24px)`, opacity: 1, offset: 0.8 },
      { clipPath: `inset(${inset.join(" ")} round 24px)`, opacity: 0 },
    ];
    await sheet.animate(frames, { duration: SHRINKS, easing: "cubic-bezier(0.6, 0, 0.2, 1)" }).finished.catch(() => {});
  }
  sheet.remove();
}
