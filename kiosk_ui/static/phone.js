/** The phone's page: sends a video and shows how far it is. */

import { forget, unsent } from "./unsent.js";
import { watchRoom } from "./room.js";
import { sendFile, sendUnsent } from "./upload.js";

const byId = (id) => document.getElementById(id);
const word = (name) => byId("words").content.querySelector(`[data-word="${name}"]`)?.textContent;

let stopping = null; // ends what is being sent

function show(part) {
  byId("choose").hidden = part !== "choose";
  byId("sending").hidden = part !== "sending";
}

function fail(text) {
  show("choose");
  const notice = byId("error");
  notice.querySelector("span").textContent = text;
  notice.hidden = false;
  notice.scrollIntoView({ block: "center" });
}

/** Show what `send` does, and the page of the result once it is done. */
async function follow(send) {
  byId("error").hidden = true;
  progress(0, 1);
  waiting(false);
  show("sending");
  const mine = (stopping = new AbortController());
  // Stopped by the person, it must not change what the page shows next.
  const still = (tell) => (...values) => mine.signal.aborted || tell(...values);
  try {
    const page = await send({ signal: mine.signal, onProgress: still(progress), onWaiting: still(waiting) });
    if (!mine.signal.aborted) location.assign(page);
  } catch (error) {
    if (!mine.signal.aborted) fail(word(error.code) || error.message || word("failed"));
  }
}

function send(video) {
  if (!video) return;
  if (video.size > Number(document.body.dataset.maxBytes)) return fail(word("too_large"));
  if (video.type && !video.type.startsWith("video/") && video.type !== "image/gif") return fail(word("no_video"));
  follow((options) => sendFile(video, options));
}

function progress(sent, size) {
  const percent = (100 * sent) / size;
  byId("sent").value = percent;
  byId("percent").textContent = Math.floor(percent);
}

function waiting(now, why, text) {
  const notice = byId("waiting");
  notice.hidden = !now;
  if (now) notice.querySelector("span").textContent = word(why) || text;
}

/** Offer what an earlier page recorded and could not send. */
async function offerUnsent() {
  const [id] = await unsent();
  byId("unsent").hidden = id === undefined;
  byId("send-unsent").onclick = () => follow((options) => sendUnsent(id, options));
  byId("forget-unsent").onclick = () => forget(id).then(offerUnsent);
}

watchRoom((full) => {
  byId("full").hidden = !full;
  byId("send-unsent").disabled = full;
  for (const id of ["film", "pick"]) byId(id).disabled = full;
  for (const way of document.querySelectorAll("[data-needs-room]")) way.inert = full;
});
for (const id of ["film", "pick"]) {
  byId(id).addEventListener("change", (event) => {
    send(event.target.files[0]);
    event.target.value = ""; // the same video may be chosen again
  });
}
byId("stop").addEventListener("click", () => {
  stopping?.abort();
  show("choose");
  offerUnsent();
});
// Going back from the result shows this page as it was left: begin anew.
addEventListener("pageshow", (event) => event.persisted && show("choose"));
offerUnsent();
document.documentElement.classList.add("scripted");
