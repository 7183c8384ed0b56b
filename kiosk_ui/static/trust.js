/** Notices as soon as the phone trusts the kiosk. */

const AGAIN = 3000; // milliseconds
const { secure } = document.body.dataset;
const byId = (id) => document.getElementById(id);

/** An answer of any kind comes only over a connection that the phone trusts. */
async function trusted() {
  try {
    await fetch(`${secure}/ca.crt`, { mode: "no-cors", cache: "no-store" });
    return true;
  } catch {
    return false;
  }
}

async function look() {
  if (!document.hidden && (await trusted())) {
    byId("trusted").hidden = false;
    byId("watching").hidden = true;
    byId("trusted").scrollIntoView({ block: "nearest" });
  } else {
    setTimeout(look, AGAIN);
  }
}

if (secure && byId("trusted").hidden) {
  byId("watching").hidden = false;
  look();
}
