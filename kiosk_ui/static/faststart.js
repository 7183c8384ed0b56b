/**
 * Puts the index of an MP4 before its pictures, so that the kiosk can look at them while they arrive.
 *
 * A phone's camera writes the index last, when it knows everything; nothing can be decoded before it is there.
 */

const CONTAINERS = ["moov", "trak", "mdia", "minf", "stbl"];
const MOST_BOXES = 100;
const MOST_INDEX = 1 << 25; // bytes

/**
 * @param {Blob} file any video.
 * @returns {Promise<Blob>} the same with its index first, or the file as it is where that is not understood.
 */
export async function indexFirst(file) {
  try {
    return (await reordered(file)) ?? file;
  } catch {
    return file; // the kiosk can do with it all the same
  }
}

async function reordered(file) {
  const boxes = await topBoxes(file);
  const [ftyp, mdat, moov] = ["ftyp", "mdat", "moov"].map((name) => boxes.find(({ type }) => type === name));
  const indexes = boxes.filter(({ type }) => type === "moov" || type === "moof").length;
  if (ftyp?.start !== 0 || !mdat || indexes !== 1 || !moov || moov.start < mdat.start) return null;
  const size = moov.end - moov.start;
  if (size > MOST_INDEX) return null;
  const index = new DataView(await file.slice(moov.start, moov.end).arrayBuffer());
  // What lay between the pictures' beginning and the index moves back by its size.
  move(index, 0, index.byteLength, (offset) => (offset >= mdat.start && offset < moov.start ? offset + size : offset));
  const parts = [file.slice(0, mdat.start), index, file.slice(mdat.start, moov.start), file.slice(moov.end)];
  return new Blob(parts, { type: file.type });
}

async function topBoxes(file) {
  const found = [];
  for (let start = 0; start < file.size; start = found.at(-1).end) {
    const box = header(new DataView(await file.slice(start, start + 16).arrayBuffer()), 0, file.size - start);
    if (found.length === MOST_BOXES || start + box.size > file.size) throw new Error("no MP4");
    found.push({ type: box.type, start, end: start + box.size });
  }
  return found;
}

/** Read a box's size, type and where its content begins; `rest` is the size of one that goes on to the end. */
function header(view, at, rest) {
  const type = String.fromCharCode(...[4, 5, 6, 7].map((n) => view.getUint8(at + n)));
  const short = view.getUint32(at);
  const size = short === 1 ? Number(view.getBigUint64(at + 8)) : short || rest;
  if (size < 8) throw new Error("no box");
  return { type, size, content: at + (short === 1 ? 16 : 8) };
}

/** Change every place in the file that the index names. */
function move(view, from, to, moved) {
  for (let at = from; at < to; ) {
    const { type, size, content } = header(view, at, to - at);
    if (at + size > to) throw new Error("no box");
    if (CONTAINERS.includes(type)) move(view, content, at + size, moved);
    const width = { stco: 4, co64: 8 }[type];
    if (width) {
      const count = view.getUint32(content + 4);
      for (let n = 0; n < count; n++) {
        const place = content + 8 + width * n;
        if (width === 8) view.setBigUint64(place, BigInt(moved(Number(view.getBigUint64(place)))));
        else if (moved(view.getUint32(place)) > 0xffffffff) throw new Error("too large");
        else view.setUint32(place, moved(view.getUint32(place)));
      }
    }
    at += size;
  }
}
