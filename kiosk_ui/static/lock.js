/** The PIN pad in the menu: locked settings can be read, not changed. */

/**
 * @param {HTMLDialogElement} menu
 * @param {(locked: boolean) => void} changed told whether the settings are locked
 */
export function setUpLock(menu, changed) {
  const form = menu.querySelector("#lock");
  const pin = form.querySelector("#pin");
  let unpause = 0;

  const tell = (which) => {
    for (const part of form.querySelectorAll("[data-lock]")) part.hidden = part.dataset.lock !== which;
  };
  const show = ({ locked }) => {
    form.hidden = !locked;
    menu.toggleAttribute("data-locked", locked);
    pin.value = "";
    changed(locked);
  };
  const pause = (seconds) => {
    const keys = form.querySelectorAll("button");
    for (const key of keys) key.disabled = seconds > 0;
    clearTimeout(unpause);
    if (seconds <= 0) return;
    tell("pause");
    unpause = setTimeout(() => {
      tell(null);
      pause(0);
    }, 1000 * seconds);
  };

  form.addEventListener("click", ({ target }) => {
    const key = target.closest("button");
    if (key?.dataset.digit && pin.value.length < pin.maxLength) pin.value += key.dataset.digit;
    if (key && "delete" in key.dataset) pin.value = pin.value.slice(0, -1);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch("/kiosk/unlock", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ pin: pin.value }),
    });
    const told = await answer.json();
    pin.value = "";
    tell(answer.ok ? null : "wrong");
    if (answer.ok) show(told);
    else pause(told.pause ?? 0);
  });
  menu.addEventListener("close", () => fetch("/kiosk/lock", { method: "POST" }).catch(() => {}));

  return {
    /** Ask the kiosk whether its settings are locked. */
    async read() {
      const state = await (await fetch("/kiosk/lock")).json();
      tell(null);
      show(state);
      pause(state.pause);
    },
  };
}
