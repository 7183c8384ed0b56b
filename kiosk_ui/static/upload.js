/** Sends videos in pieces that outlive a broken connection and a reloaded page (tus 1.0.0, tus.io). */

import { indexFirst } from "./faststart.js";
import { forget, keep, recall } from "./unsent.js";

const BASE = "/api/v1/uploads";
const PIECE = { least: 1 << 15, first: 1 << 18, most: 1 << 22 }; // bytes
const QUICK = 700; // milliseconds: pieces that take less may be larger
const SLOW = 4000;
const PATIENCE = 30_000; // milliseconds for one request
const PAUSES = [200, 500, 1000, 2000, 4000]; // milliseconds before another attempt
const MOST_FAULTS = 6; // of the kiosk itself, one after another
const MOST_BEGINNINGS = 4;

/** Something that another attempt does not mend; its message is a sentence for the person. */
export class UploadError extends Error {
  /** @param {string} code a stable word: the kiosk's own, or "unreadable". */
  constructor(message, code) {
    super(message);
    this.name = "UploadError";
    this.code = code;
  }
}

/** Something that may be gone in a moment. */
class Later extends Error {
  constructor(why, message = "", seconds = null) {
    super(message);
    Object.assign(this, { why, seconds });
  }
}

/** The kiosk no longer has what was sent. */
class Gone extends Error {}

/**
 * Send a whole file; a second call with the same file goes on where the first one ended.
 * @param {File} file
 * @param {{
 *   onProgress?: (sent: number, size: number) => void,
 *   onWaiting?: (waiting: boolean, why: "" | "network" | "busy" | "full", text: string) => void,
 *   signal?: AbortSignal, metadata?: Record<string, string>,
 * }} options `signal` stops it for good; `metadata` may hold threshold, duration and mirrored.
 * @returns {Promise<string>} the address of the score's page.
 */
export async function sendFile(file, options = {}) {
  const about = { filename: file.name || "video", filetype: file.type, ...options.metadata };
  const name = [file.name, file.size, file.lastModified, file.type].join("|");
  const sending = new Sending({ ...options, metadata: about, url: known.get(name) });
  sending.onBegun = (url) => known.set(name, url);
  sending.data = await indexFirst(file);
  sending.complete = true;
  try {
    return await sending.run();
  } finally {
    // Where only the page went away, the address stays, and so does what was sent.
    known.delete(name);
  }
}

/**
 * Send a recording while it is being made.
 * @param {{type: string, onWaiting?: Function, onProgress?: Function, metadata?: object}} options as for sendFile();
 *   `type` is the recorder's.
 * @returns {{append: (piece: Blob) => void, finish: () => Promise<string>, abort: () => void}}
 *   `append` takes the next piece and returns at once. `finish` ends it, keeps the recording on the phone until the
 *   kiosk has it, and gives the address of the score's page. `abort` forgets it.
 */
export function openStream({ type, ...options }) {
  const stopping = new AbortController();
  const about = { filename: "recording", filetype: type, ...options.metadata };
  const sending = new Sending({ ...options, metadata: about, signal: stopping.signal });
  sending.data = new Blob([], { type });
  const running = sending.run();
  running.catch(() => {}); // whoever calls finish() is told
  return {
    append: (piece) => sending.add(piece),
    finish: async () => {
      sending.end();
      // A whole recording must not be lost with the page.
      const id = keep({ blob: sending.data, url: sending.url, about, time: Date.now() }).catch(() => null);
      const page = await running;
      await id.then(forget).catch(() => {});
      return page;
    },
    abort: () => stopping.abort(),
  };
}

/**
 * Send a recording that an earlier page could not.
 * @param {number} id from unsent.js
 * @param {object} options as for sendFile()
 * @returns {Promise<string>} the address of the score's page.
 */
export async function sendUnsent(id, options = {}) {
  const { blob, url, about } = await recall(id);
  const sending = new Sending({ ...options, metadata: about, url });
  sending.data = blob;
  sending.complete = true;
  const page = await sending.run();
  await forget(id);
  return page;
}

/** One upload: what there is to send, how much the kiosk has, and the way to bring both together. */
class Sending {
  data = new Blob([]);
  complete = false;
  onBegun = () => {};
  #offset = 0;
  #piece = PIECE.first;
  #sure = false; // whether the offset is what the kiosk has
  #page = null;
  #beginnings = 0;
  #waiting = false;
  #wake = () => {};

  constructor({ metadata, url = null, signal, onProgress, onWaiting }) {
    Object.assign(this, { metadata, url, signal, onProgress, onWaiting });
  }

  add(piece) {
    this.data = new Blob([this.data, piece], { type: this.data.type });
    this.#wake();
  }

  end() {
    this.complete = true;
    this.#wake();
  }

  /** Send everything; goes on through any number of broken connections. */
  async run() {
    let tries = 0;
    let faults = 0;
    try {
      while (!this.#page) {
        try {
          if (await this.#step()) {
            this.#tell(false);
            tries = faults = 0;
          }
        } catch (error) {
          this.#sure = false;
          this.signal?.throwIfAborted();
          if (error instanceof Gone) {
            this.url = null;
            this.#offset = 0;
            if (++this.#beginnings > MOST_BEGINNINGS) throw new UploadError("", "lost");
          } else if (!(error instanceof Later)) {
            throw error;
          } else {
            if (error.why === "fault" && ++faults > MOST_FAULTS) throw new UploadError(error.message, "internal");
            await this.#readable();
            if (error.why) this.#tell(true, error.why === "fault" ? "busy" : error.why, error.message);
            await this.#pause(error.seconds ? 1000 * error.seconds : PAUSES[Math.min(tries++, PAUSES.length - 1)]);
          }
        }
      }
      return this.#page;
    } catch (error) {
      if (this.signal?.aborted && this.url) this.#ask("DELETE", this.url, {}, null, true).catch(() => {});
      throw error;
    }
  }

  #tell(waiting, why = "", text = "") {
    if (waiting || this.#waiting) this.onWaiting?.(waiting, why, text);
    this.#waiting = waiting;
  }

  /** Do the next thing; tell whether it brought the upload forward. */
  async #step() {
    this.signal?.throwIfAborted();
    if (!this.url) {
      await this.#begin();
      return true;
    }
    if (!this.#sure) {
      this.#note(await this.#ask("HEAD", this.url));
      return false;
    }
    const end = Math.min(this.#offset + this.#piece, this.data.size);
    const last = this.complete && end === this.data.size;
    if (end === this.#offset && !last) {
      await this.#more();
      return true;
    }
    const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(this.#offset) };
    if (last) headers["Upload-Length"] = String(this.data.size);
    const began = performance.now();
    const answer = await this.#ask("PATCH", this.url, headers, this.data.slice(this.#offset, end));
    this.#measure(performance.now() - began, end - this.#offset);
    this.#note(answer);
    return true;
  }

  async #begin() {
    const headers = { "Upload-Metadata": encode(this.metadata) };
    if (this.complete) headers["Upload-Length"] = String(this.data.size);
    else headers["Upload-Defer-Length"] = "1";
    const answer = await this.#ask("POST", BASE, headers);
    this.url = answer.headers.get("Location");
    this.onBegun(this.url);
    this.#note(answer);
  }

  #note({ headers }) {
    this.#offset = Number(headers.get("Upload-Offset"));
    this.#page = headers.get("Score-Page");
    this.#sure = true;
    if (this.#offset > this.data.size && !this.#page) throw new Gone(); // that was another video
    this.onProgress?.(this.#page ? this.data.size : this.#offset, this.data.size);
  }

  /** Let pieces be as large as the network takes in about a second. */
  #measure(took, size) {
    if (took < QUICK && size === this.#piece) this.#piece = Math.min(2 * this.#piece, PIECE.most);
    if (took > SLOW) this.#smaller();
  }

  #smaller() {
    this.#piece = Math.max(this.#piece / 2, PIECE.least);
  }

  async #ask(method, url, headers = {}, body = null, keepalive = false) {
    const limit = new AbortController();
    const stop = () => limit.abort();
    const timer = setTimeout(stop, PATIENCE);
    if (!keepalive) this.signal?.addEventListener("abort", stop);
    try {
      const all = { "Tus-Resumable": "1.0.0", Accept: "application/problem+json", ...headers };
      const answer = await fetch(url, { method, headers: all, body, keepalive, cache: "no-store", signal: limit.signal });
      if (!answer.ok) throw await refused(answer);
      return answer;
    } catch (error) {
      if (error instanceof Later || error instanceof Gone || error instanceof UploadError) throw error;
      this.#smaller();
      throw new Later("network"); // whatever it was: no answer came
    } finally {
      clearTimeout(timer);
      this.signal?.removeEventListener("abort", stop);
    }
  }

  /** Tell a network that is away from a file that is. */
  async #readable() {
    try {
      await this.data.slice(0, 1).arrayBuffer();
    } catch {
      throw new UploadError("", "unreadable");
    }
  }

  /** Wait until the recording goes on or ends. */
  #more() {
    return wait(2 ** 31 - 1, this.signal, (done) => (this.#wake = done));
  }

  /** Wait before another attempt, but not for longer than the network is away. */
  async #pause(milliseconds) {
    let online = () => {};
    await wait(milliseconds * (0.75 + Math.random() / 2), this.signal, (done) => {
      online = done;
      addEventListener("online", done);
    });
    removeEventListener("online", online);
  }
}

/** Wait until the time is over, it is stopped, or the function that `give` is given is called. */
function wait(milliseconds, signal, give) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done);
    give(done);
  });
}

/** Return what an answer that is no success means. */
async function refused(answer) {
  const problem = await answer.json().catch(() => ({}));
  const text = problem.detail ?? "";
  const seconds = Number(answer.headers.get("Retry-After")) || null;
  if (answer.status === 404 || answer.status === 410) return new Gone();
  if (answer.status === 409) return new Later("", "", 0.05); // HEAD tells where to go on
  if (answer.status === 429) return new Later("full", text, seconds ?? 5);
  if (answer.status === 503 || answer.status === 423) return new Later("busy", text, seconds);
  if (answer.status >= 500 && answer.status !== 507) return new Later("fault", text, seconds);
  return new UploadError(text, problem.code ?? `http_${answer.status}`);
}

function encode(metadata) {
  const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  return Object.entries(metadata)
    .filter(([, value]) => value)
    .map(([name, value]) => `${name} ${base64(String(value))}`)
    .join(",");
}

/** Addresses of unfinished uploads by file, so that a page that was reloaded goes on. */
const known = {
  key: "uploads",
  kept: 24 * 3600_000,
  read() {
    try {
      const all = Object.entries(JSON.parse(localStorage.getItem(this.key) ?? "{}"));
      return Object.fromEntries(all.filter(([, { time }]) => Date.now() - time < this.kept));
    } catch {
      return {}; // somebody else's, or none is allowed
    }
  },
  write(all) {
    try {
      localStorage.setItem(this.key, JSON.stringify(all));
    } catch {
      // Without it a reloaded page begins anew.
    }
  },
  get(name) {
    return this.read()[name]?.url ?? null;
  },
  set(name, url) {
    this.write({ ...this.read(), [name]: { url, time: Date.now() } });
  },
  delete(name) {
    const { [name]: _, ...others } = this.read();
    this.write(others);
  },
};
