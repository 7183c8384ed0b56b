/** The menu at the upper right: recording time, difficulty, sound. */

import { setUpLock } from "./lock.js";

/**
 * @param {HTMLDialogElement} menu
 * @param {HTMLButtonElement} opener
 */
export function setUpMenu(menu, opener) {
  const settings = [...menu.querySelectorAll("[data-setting]")].map((part) => ({
    name: part.dataset.setting,
    scale: Number(part.dataset.scale),
    input: part.querySelector("input, select"),
    output: part.querySelector("output strong"),
    steps: part.querySelectorAll("[data-step]"),
  }));
  let saving = 0;
  let changes = 0;
  let touched = false; // what somebody has set already is not overwritten by what is read late

  const draw = () => {
    for (const { input, output } of settings) if (output) output.textContent = Math.round(input.valueAsNumber);
  };
  const valueOf = ({ input, scale }) => {
    if (input.type === "range") return input.valueAsNumber / scale;
    return input.type === "checkbox" ? input.checked : input.value;
  };
  const tell = (which) => {
    for (const part of menu.querySelectorAll("[data-menu]")) part.hidden = part.dataset.menu !== which;
  };
  const fill = (values) => {
    if (touched) return;
    for (const { name, scale, input } of settings) {
      if (input.type === "range") input.value = values[name] * scale;
      else if (input.type === "checkbox") input.checked = values[name];
      else input.value = values[name];
    }
    draw();
  };
  const read = async () => fill(await (await fetch("/kiosk/settings")).json());
  const save = async () => {
    const upTo = changes;
    let how = "failed";
    const values = Object.fromEntries(settings.map((setting) => [setting.name, valueOf(setting)]));
    try {
      const answer = await fetch("/kiosk/settings", {
        method: "PUT",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(values),
      });
      if (answer.status === 423) await lock.read(); // it was open for long enough
      if (answer.ok) how = "saved";
    } catch {
      // Not reached: it has failed.
    }
    if (upTo === changes) tell(how); // else another change waits to be saved
  };
  const changed = () => {
    changes += 1;
    touched = true;
    draw();
    tell(null);
    clearTimeout(saving);
    saving = setTimeout(save, 300); // a finger on the slider changes it many times
  };

  for (const { input, steps } of settings) {
    input.addEventListener("input", changed);
    for (const step of steps) {
      step.addEventListener("click", () => {
        input.value = input.valueAsNumber + Number(step.dataset.step);
        changed();
      });
    }
  }
  const lock = setUpLock(menu, (locked) => {
    for (const { input } of settings) input.disabled = locked;
    if (!locked) return;
    touched = false; // what was not saved is not shown
    read().catch(() => {});
  });
  opener.addEventListener("click", async () => {
    tell(null);
    touched = false;
    menu.showModal();
    try {
      await lock.read();
      await read();
    } catch {
      tell("failed");
    }
  });
  // What is written in another language comes from the server.
  const shown = document.documentElement.lang;
  const language = menu.querySelector("#language");
  menu.addEventListener("close", async () => {
    if (language.value === shown) return;
    clearTimeout(saving);
    await save();
    location.reload();
  });
  menu.querySelector("[data-close]").addEventListener("click", () => menu.close());
  menu.addEventListener("click", (event) => {
    if (event.target === menu) menu.close(); // outside of it
  });
  draw();
}
