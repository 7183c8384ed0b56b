/** The maintainer's page: the figures as they are now, without a flicker; and back by itself. */

import { setUpLock } from "./lock.js";

const EVERY = 2000; // milliseconds
const PATIENCE = 180_000; // milliseconds without a touch after which the kiosk's own screen comes back

const parts = document.getElementById("parts");
const lost = document.getElementById("lost");
let instance = null;

/* ---- what is shown ---- */

/** Set what differs; what stays the same is not touched. */
function set(element, name, value) {
  if (name === "text") {
    if (element.textContent !== value) element.textContent = value;
  } else if (value) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  } else if (element.hasAttribute(name)) {
    element.removeAttribute(name);
  }
}

function makeRow(key) {
  const row = document.createElement("div");
  row.dataset.row = key;
  row.append(document.createElement("dt"), document.createElement("dd"));
  return row;
}

function showSection({ key, rows }) {
  const list = parts.querySelector(`[data-part="${key}"] dl`);
  const there = new Map([...list.children].map((row) => [row.dataset.row, row]));
  rows.forEach(({ key: name, label, value, state, english }, place) => {
    const row = there.get(name) ?? makeRow(name);
    there.delete(name);
    if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
    set(row, "data-state", state);
    const [term, told] = row.children;
    set(term, "text", label);
    set(told, "text", value);
    set(told, "lang", english ? "en" : "");
  });
  for (const row of there.values()) row.remove();
}

async function look() {
  try {
    const answer = await fetch("/kiosk/told", { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const told = await answer.json();
    // The kiosk was started anew, perhaps with another version of this page.
    if (instance !== null && instance !== told.instance) location.reload();
    instance = told.instance;
    told.sections.forEach(showSection);
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
  setTimeout(look, EVERY);
}

/* ---- back to the kiosk ---- */

let leaving = 0;

function stay() {
  clearTimeout(leaving);
  leaving = setTimeout(() => location.assign("/"), PATIENCE);
}

for (const kind of ["pointerdown", "keydown", "wheel"]) document.addEventListener(kind, stay);
addEventListener("pagehide", () => {
  // Whoever comes next does not find the settings open.
  if (parts) fetch("/kiosk/lock", { method: "POST", keepalive: true }).catch(() => {});
});
stay();

if (parts) {
  setTimeout(look, EVERY);
} else {
  const place = document.querySelector(".maintenance__lock");
  let asked = false;
  setUpLock(place, (locked) => {
    if (!locked && asked) location.reload();
    asked = true;
  }).read();
}
