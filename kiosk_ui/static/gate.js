/** The positioning gate: shows the one thing to do now, over the live picture. */

const byId = (id) => document.getElementById(id);

/** Which of the five checks each condition belongs to. */
const CHECK_OF = {
  nobody: "body", hidden: "body", step_left: "body", step_right: "body",
  too_close: "distance", too_far: "distance", turned: "facing", moving: "still", not_alone: "alone",
};

let insistAt = Infinity; // on performance.now()'s clock, in milliseconds

/** The device's language, and the other one below it. */
export const languages = document.documentElement.lang === "ko" ? ["ko", "en"] : ["en", "ko"];

/**
 * Show what the gate says.
 * @param {object|null} guidance
 * @param {number|null} insistIn seconds until Start goes on all the same
 * @param {object} hold the words for "hold it", by language
 */
export function showGate(guidance, insistIn, hold) {
  const unmet = guidance?.unmet ?? [];
  const met = guidance !== null && unmet.length === 0;
  const [first] = unmet;
  const overlay = document.querySelector(".overlay");
  overlay.toggleAttribute("data-met", met);
  tell(byId("order"), (met ? hold : first?.text)?.[languages[0]] ?? "");
  tell(byId("order-second"), (met ? hold : first?.text)?.[languages[1]] ?? "");
  const arrow = met ? "hold" : first?.arrow;
  byId("arrow").style.display = arrow ? "" : "none";
  if (arrow && byId("arrow").dataset.arrow !== arrow) {
    byId("arrow").dataset.arrow = arrow;
    byId("arrow-shape").setAttribute("href", `#a-${arrow}`);
  }
  placeArrow(arrow, guidance?.box ?? null);
  byId("hold").hidden = !guidance?.holding;
  showBox(guidance?.box ?? null);
  const wrong = new Set(unmet.map(({ code }) => CHECK_OF[code]));
  const anybody = guidance !== null && first?.code !== "nobody";
  for (const check of byId("checks").children) {
    const unmetHere = wrong.has(check.dataset.check);
    check.toggleAttribute("data-unmet", unmetHere);
    check.toggleAttribute("data-met", anybody && !unmetHere);
  }
  insistAt = insistIn === null ? Infinity : performance.now() + 1000 * insistIn;
}

/** Called with each picture of the screen. */
export function tickGate() {
  byId("insist").hidden = performance.now() < insistAt;
}

/** Draw corners around the person; the live picture is mirrored, so the box is too. */
function showBox(box) {
  const frame = byId("box");
  frame.hidden = box === null;
  if (box === null) return;
  const [left, top, right, bottom] = box;
  frame.style.left = `${100 * (1 - right)}%`;
  frame.style.top = `${100 * top}%`;
  frame.style.width = `${100 * (right - left)}%`;
  frame.style.height = `${100 * (bottom - top)}%`;
}

/** Put the arrow where it does not hide the person, and where it points to. */
function placeArrow(arrow, box) {
  const middle = box === null ? 0.5 : 1 - (box[0] + box[2]) / 2; // mirrored, as the picture is
  const side = arrow === "right" || (arrow !== "left" && middle < 0.42) ? "right" : "left";
  byId("arrow").dataset.side = side;
}

/** Write only what is new: a screen reader says each change. */
function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
