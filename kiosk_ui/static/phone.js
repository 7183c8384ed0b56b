/** The phone's page: sends a video and shows how far it is. */

const byId = (id) => document.getElementById(id);
const word = (name) => byId("words").content.querySelector(`[data-word="${name}"]`).textContent;

let request = null;

function show(part) {
  byId("choose").hidden = part !== "choose";
  byId("sending").hidden = part !== "sending";
}

function fail(text) {
  request = null;
  show("choose");
  const notice = byId("error");
  notice.querySelector("span").textContent = text;
  notice.hidden = false;
  notice.scrollIntoView({ block: "center" });
}

function send(video) {
  if (!video) return;
  if (video.size > Number(document.body.dataset.maxBytes)) return fail(word("too_large"));
  if (video.type && !video.type.startsWith("video/") && video.type !== "image/gif") return fail(word("no_video"));
  byId("error").hidden = true;
  progress(0);
  show("sending");
  const form = new FormData();
  form.append("video", video, video.name || "video");
  // fetch() cannot say how much has been sent.
  request = new XMLHttpRequest();
  request.responseType = "json";
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) progress(event.loaded / event.total);
  });
  request.addEventListener("load", () => {
    const { status, response } = request;
    if (status === 202) location.assign(response.page);
    else fail(response?.detail ?? word(status === 413 ? "too_large" : "lost"));
  });
  request.addEventListener("error", () => fail(word("lost")));
  request.open("POST", "/api/v1/scores");
  request.send(form);
}

function progress(share) {
  byId("sent").value = 100 * share;
  byId("percent").textContent = Math.floor(100 * share);
}

for (const id of ["film", "pick"]) {
  byId(id).addEventListener("change", (event) => {
    send(event.target.files[0]);
    event.target.value = ""; // the same video may be chosen again
  });
}
byId("stop").addEventListener("click", () => {
  request?.abort();
  request = null;
  show("choose");
});
// Going back from the result shows this page as it was left: begin anew.
addEventListener("pageshow", (event) => event.persisted && show("choose"));
document.documentElement.classList.add("scripted");
