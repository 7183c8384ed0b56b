/** The notice of what is kept, on the kiosk's screen. */

const dialog = document.getElementById("notice");
const opener = document.getElementById("open-notice");

opener.addEventListener("click", () => {
  dialog.showModal();
  dialog.scrollTop = 0;
});
document.getElementById("close-notice").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // outside
// Somebody may raise an arm meanwhile.
new MutationObserver(() => dialog.close()).observe(document.body, { attributeFilter: ["data-state"] });
