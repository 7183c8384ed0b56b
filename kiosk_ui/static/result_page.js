/** The page of one result. */

import { showResult } from "./result.js";

document.documentElement.classList.add("scripted");
const byId = (id) => document.getElementById(id);
const place = byId("result");
const card = place.querySelector("[data-card]");

showResult(place, card.dataset.key, {
  onGone: () => location.reload(), // what is offered below the result changes as well
  onLost: (lost) => (byId("lost").hidden = !lost),
  onFinished: () => {
    byId("actions").hidden = false;
    const remove = byId("delete");
    if (remove) remove.hidden = false;
    const save = byId("save");
    if (save) save.hidden = !place.querySelector("[data-replay]");
  },
});
