/** Recordings that are finished but not with the kiosk yet; they outlive a closed page. */

const STORE = "recordings";

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("kiosk", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { autoIncrement: true });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function use(mode, work) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** Keep a recording; returns its id. */
export const keep = (recording) => use("readwrite", (store) => store.add(recording));

/** Return a recording. */
export const recall = (id) => use("readonly", (store) => store.get(id));

/** Forget a recording. */
export const forget = (id) => use("readwrite", (store) => store.delete(id));

/** Return the ids of all recordings; none where the browser keeps nothing. */
export const unsent = () => use("readonly", (store) => store.getAllKeys()).catch(() => []);
