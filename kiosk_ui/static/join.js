/** The code for phones: follows the kiosk's address, and grows when it is touched. */

const LOOK_EVERY = 10_000; // milliseconds; an address changes when the network comes or goes

const place = document.getElementById("join");
const dialog = () => document.getElementById("join-more");

place.addEventListener("click", (event) => {
  if (event.target.closest("#open-join")) dialog().showModal();
  else if (event.target === dialog() || event.target.closest("#close-join")) dialog().close();
});

/** Take over what is new; an open dialog stays open. */
async function look() {
  if (document.body.dataset.state !== "idle") return;
  try {
    const answer = await fetch("/kiosk/join");
    if (!answer.ok) return;
    const text = await answer.text();
    const told = new DOMParser().parseFromString(text, "text/html");
    const parts = [...place.querySelectorAll("[data-join]")];
    const news = parts.map(({ dataset }) => told.querySelector(`[data-join="${dataset.join}"]`));
    if (parts.length === 0 || news.includes(null)) {
      place.innerHTML = text; // the network has come or gone
      return;
    }
    parts.forEach((part, at) => {
      if (part.innerHTML !== news[at].innerHTML) part.innerHTML = news[at].innerHTML;
    });
  } catch {
    // The kiosk restarts: the old address stays until it answers.
  }
}

setInterval(look, LOOK_EVERY);
// Somebody may raise an arm while the code is large.
new MutationObserver(() => document.body.dataset.state !== "idle" && dialog()?.close()).observe(document.body, {
  attributeFilter: ["data-state"],
});
