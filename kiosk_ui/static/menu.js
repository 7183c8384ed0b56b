/** The menu at the upper right: recording time and difficulty. */

/**
 * @param {HTMLDialogElement} menu
 * @param {HTMLButtonElement} opener
 */
export function setUpMenu(menu, opener) {
  const settings = [...menu.querySelectorAll("[data-setting]")].map((part) => ({
    name: part.dataset.setting,
    scale: Number(part.dataset.scale),
    input: part.querySelector("input"),
    output: part.querySelector("output strong"),
    steps: part.querySelectorAll("[data-step]"),
  }));
  let saving = 0;

  const draw = () => {
    for (const { input, output } of settings) output.textContent = Math.round(input.valueAsNumber);
  };
  const tell = (which) => {
    for (const part of menu.querySelectorAll("[data-menu]")) part.hidden = part.dataset.menu !== which;
  };
  const fill = (values) => {
    for (const { name, scale, input } of settings) input.value = values[name] * scale;
    draw();
  };
  const read = async () => fill(await (await fetch("/kiosk/settings")).json());
  const save = async () => {
    const values = Object.fromEntries(
      settings.map(({ name, scale, input }) => [name, input.valueAsNumber / scale]),
    );
    try {
      const answer = await fetch("/kiosk/settings", {
        method: "PUT",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(values),
      });
      tell(answer.ok ? "saved" : "failed");
    } catch {
      tell("failed");
    }
  };
  const changed = () => {
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
  opener.addEventListener("click", async () => {
    tell(null);
    menu.showModal();
    try {
      await read();
    } catch {
      tell("failed");
    }
  });
  menu.querySelector("[data-close]").addEventListener("click", () => menu.close());
  menu.addEventListener("click", (event) => {
    if (event.target === menu) menu.close(); // outside of it
  });
  draw();
}
