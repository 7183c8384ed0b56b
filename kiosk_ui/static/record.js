/** Films in the page: how to stand, countdown, recording, and the result as soon as it is there. */

import { CameraProblem, Recording, closeCamera, openCamera } from "./record_camera.js";
import { Cues } from "./record_cues.js";
import { Framing } from "./record_framing.js";
import { watchRoom } from "./room.js";
import { openStream } from "./upload.js";

const byId = (id) => document.getElementById(id);
const word = (name) => byId("words").content.querySelector(`[data-word="${name}"]`)?.textContent;

const COUNTDOWN = 3; // seconds, as at the kiosk
const SHORTEST = 1; // seconds: less is no squat
const language = document.documentElement.lang;

const cues = new Cues();
const framing = new Framing(byId("view"), showGuidance);
let camera = null; // the open stream
let facing = "user"; // who is alone sees the screen so
let recording = null;
let upload = null;
let timer = 0;
let spoken = 0;
let full = false; // the kiosk has no room for a video

/* ---- what is shown ---- */

function enter(state) {
  document.body.dataset.state = state;
  for (const part of document.querySelectorAll("[data-show]")) {
    part.toggleAttribute("hidden", !part.dataset.show.split(" ").includes(state)); // drawings know no .hidden
  }
  clearInterval(timer);
  if (state !== "framing") {
    framing.stop();
    cues.quiet();
  }
}

function tellProblem(code, text = "") {
  const notice = byId("problem");
  notice.hidden = !code;
  notice.querySelector("span").textContent = text || word(code) || word("failed");
}

/** Give everything back and begin anew, with what went wrong. */
function leave(code, text = "") {
  recording = null;
  upload?.abort();
  upload = null;
  closeCamera(camera);
  camera = null;
  cues.sleep();
  enter("start");
  tellProblem(code, text);
}

/* ---- the camera, and how to stand ---- */

async function open() {
  cues.unlock();
  tellProblem(null);
  byId("open").disabled = true;
  try {
    closeCamera(camera);
    camera = await openCamera(facing);
    const [track] = camera.getVideoTracks();
    track.addEventListener("ended", () => camera?.getVideoTracks()[0] === track && lose());
    const view = byId("view");
    view.srcObject = camera;
    // A camera that does not say where it looks is that of a computer: it looks at its user.
    view.dataset.facing = track.getSettings().facingMode ?? "user";
    cues.stayAwake();
    frame();
  } catch (error) {
    leave(error instanceof CameraProblem ? error.code : "failed");
  } finally {
    byId("open").disabled = full;
  }
}

function lose() {
  if (document.body.dataset.state === "recording") finish(); // what was filmed may be enough
  else if (document.body.dataset.state !== "sending") leave("camera_lost");
}

function frame() {
  enter("framing");
  spoken = 0;
  byId("order").textContent = word("look");
  byId("arrow").style.display = "none";
  byId("hold").removeAttribute("data-holding");
  framing.start();
}

function showGuidance(guidance) {
  const [first] = guidance?.unmet ?? [];
  const met = guidance !== null && !first;
  document.querySelector(".viewer").toggleAttribute("data-met", met);
  const text = guidance === null ? word("alone") : met ? word("hold") : first.text[language];
  if (byId("order").textContent !== text) byId("order").textContent = text; // a screen reader says each change
  const arrow = guidance === null ? null : met ? "hold" : first.arrow;
  byId("arrow").style.display = arrow ? "" : "none";
  if (arrow) byId("arrow-shape").setAttribute("href", `#a-${pointed(arrow)}`);
  byId("hold").toggleAttribute("data-holding", Boolean(guidance?.holding));
  if (guidance?.spoken && guidance.spoken.number !== spoken) {
    spoken = guidance.spoken.number;
    cues.say(guidance.spoken.text[language]);
  }
  if (guidance?.armed) countDown();
}

/** The person's left is the screen's left only where the picture is mirrored. */
function pointed(arrow) {
  if (byId("view").dataset.facing === "user") return arrow;
  return { left: "right", right: "left" }[arrow] ?? arrow;
}

/* ---- countdown, recording, result ---- */

function countDown() {
  enter("countdown");
  let left = COUNTDOWN;
  const tell = () => {
    byId("count").textContent = left;
    cues.tick();
  };
  tell();
  timer = setInterval(() => {
    left -= 1;
    if (left > 0) tell();
    else record();
  }, 1000);
}

function record() {
  enter("recording");
  cues.go();
  const seconds = Number(document.querySelector("[name=seconds]:checked").value);
  try {
    recording = new Recording(
      camera,
      (type) => (upload = openStream({ type, onWaiting: showWaiting, metadata: { duration: seconds } })),
      (piece) => upload?.append(piece),
    );
  } catch {
    return leave("camera_lost");
  }
  const ends = performance.now() + 1000 * seconds;
  const tell = () => {
    const left = (ends - performance.now()) / 1000;
    byId("left").textContent = Math.max(0, Math.ceil(left));
    if (left <= 0) finish();
  };
  tell();
  timer = setInterval(tell, 50);
}

async function finish() {
  if (document.body.dataset.state !== "recording") return;
  enter("sending");
  cues.end();
  try {
    recording.stop();
    const seconds = await recording.ended;
    if (seconds < SHORTEST) return leave("short");
    closeCamera(camera);
    camera = null;
    const page = await upload.finish();
    upload = null; // it is the kiosk's now
    cues.sleep();
    location.replace(page);
  } catch (error) {
    leave(error.code ?? "failed", error instanceof CameraProblem ? "" : error.message);
  }
}

function showWaiting(waiting, why, text) {
  for (const id of ["waiting", "slow"]) {
    byId(id).hidden = !waiting;
    byId(id).querySelector("span").textContent = text || word(why === "network" ? "network" : "busy");
  }
}

/* ---- touch ---- */

watchRoom((now) => {
  full = now;
  byId("full").hidden = !full;
  byId("open").disabled = full;
  if (full && ["framing", "countdown"].includes(document.body.dataset.state)) leave(null); // "full" says why
});

byId("open").addEventListener("click", open);
byId("now").addEventListener("click", countDown);
byId("cancel").addEventListener("click", frame);
byId("finish").addEventListener("click", finish);
byId("back").addEventListener("click", () => leave(null));
byId("turn").addEventListener("click", () => {
  facing = facing === "user" ? "environment" : "user";
  framing.stop();
  open();
});
document.addEventListener("visibilitychange", () => {
  const { state } = document.body.dataset;
  if (document.hidden && (state === "framing" || state === "countdown")) leave(null); // the camera's light goes out
  else if (!document.hidden && state === "recording") cues.stayAwake();
});
// Going back from the result shows this page as it was left: begin anew.
addEventListener("pageshow", (event) => event.persisted && leave(null));
document.documentElement.classList.add("scripted");
