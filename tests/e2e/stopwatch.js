// Put into every page by the tests: notes when the recording ends and when the verdict is there.
addEventListener("DOMContentLoaded", () => {
  const look = () => {
    if (document.body.dataset.state === "sending" && !sessionStorage.ended) sessionStorage.ended = Date.now();
    if (document.querySelector("[data-finished] .verdict") && !sessionStorage.told) {
      requestAnimationFrame(() => (sessionStorage.told = Date.now()));
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
  look();
});
