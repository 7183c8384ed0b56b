/** The phone's camera and its recorder. */

/** Why there is no picture or no recording; `code` names the sentence for it. */
export class CameraProblem extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

const REASONS = {
  NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "none", OverconstrainedError: "none",
  NotReadableError: "in_use", AbortError: "in_use",
};

/**
 * WebM goes out block by block; MP4 waits for the next whole picture, up to seconds, and so does the verdict. Safari
 * may know MP4 alone.
 */
const TYPES = ["video/webm;codecs=h264", "video/webm;codecs=vp8", "video/webm", "video/mp4"];
const BITS_PER_SECOND = 2_500_000;
const PIECE = 250; // milliseconds

/**
 * Open a camera.
 * @param {"user" | "environment"} facing
 * @returns {Promise<MediaStream>}
 */
export async function openCamera(facing) {
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraProblem(isSecureContext ? "no_recorder" : "insecure");
  if (!chooseType()) throw new CameraProblem("no_recorder");
  try {
    const size = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
    return await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: { ideal: facing }, ...size } });
  } catch (error) {
    throw new CameraProblem(REASONS[error.name] ?? "failed");
  }
}

export function closeCamera(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

function chooseType() {
  return globalThis.MediaRecorder && TYPES.find((type) => MediaRecorder.isTypeSupported(type));
}

/** Records a stream and gives the pieces away while it does. */
export class Recording {
  #recorder;
  #began = 0;

  /**
   * @param {MediaStream} stream
   * @param {(type: string) => void} onBegin told the type before the first piece
   * @param {(piece: Blob) => void} onPiece
   */
  constructor(stream, onBegin, onPiece) {
    const mimeType = chooseType();
    this.#recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: BITS_PER_SECOND });
    /** Resolved at the end, with the seconds it lasted; rejected where the recorder failed. */
    this.ended = new Promise((resolve, reject) => {
      this.#recorder.addEventListener("stop", () => resolve((performance.now() - this.#began) / 1000));
      this.#recorder.addEventListener("error", () => reject(new CameraProblem("camera_lost")));
    });
    this.ended.catch(() => {}); // whoever waits for it is told
    this.#recorder.addEventListener("dataavailable", ({ data }) => data.size && onPiece(data));
    onBegin(mimeType);
    this.#recorder.start(PIECE);
    this.#began = performance.now();
  }

  /** End it; the last piece comes before `ended`. */
  stop() {
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
  }
}
