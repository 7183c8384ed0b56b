/** Draws over a picture of the clip, by the time at which it was taken. */

const GAP = 0.25; // seconds over which a skeleton is drawn between two sights
const NEAREST = 2; // times as large as the whole picture would be
const AROUND = 0.2; // seconds of rest that belong to a repetition

export class Painter {
  /**
   * @param {HTMLCanvasElement} canvas lies over the video.
   * @param {HTMLVideoElement} video
   * @param {string | undefined} fault name of the fault that the result is about.
   */
  constructor(canvas, video, fault) {
    this.canvas = canvas;
    this.video = video;
    this.fault = fault;
    this.motion = null;
    this.compares = false;
    const style = getComputedStyle(canvas);
    const token = (name) => style.getPropertyValue(`--${name}`).trim();
    this.colours = { body: token("text"), good: token("accent"), bad: token("bad"), ink: token("ground") };
    this.face = style.fontFamily;
  }

  /** Take what is to be drawn. */
  take(motion) {
    this.motion = motion;
    this.nose = motion.joints.indexOf("Nose");
    const at = (name) => motion.joints.indexOf(name);
    // Where a part has many joints its first one, the middle, stands for it.
    this.marks = new Map(motion.faults.map(({ name, joints }) => [name, joints.slice(0, joints.length > 2 ? 1 : 2).map(at)]));
    const lengths = motion.poses.map((pose) => length(pose[at("Neck")], pose[at("MidHip")])).filter(Boolean);
    this.trunk = Math.max(...lengths, 0.1 * motion.size[1]);
    this.aside = motion.good.map((good) => this.#roomBeside(good));
    this.body = boxOf(during(motion, motion.repetitions));
  }

  /** Return how the picture lies in the canvas: near the person, but never beyond its edges. */
  #look(width, height) {
    const [across, down] = this.motion.size;
    const fit = Math.min(width / across, height / down);
    const base = { scale: fit, left: (width - fit * across) / 2, top: (height - fit * down) / 2 };
    if (!this.body) return { ...base, base };
    let [left, top, right, bottom] = this.body;
    if (this.compares) {
      for (const { box, shift } of this.aside) {
        [left, right] = [Math.min(left, box[0] + shift), Math.max(right, box[2] + shift)];
      }
    }
    const trunk = this.trunk;
    [left, top, right, bottom] = [left - 0.5 * trunk, top - 0.75 * trunk, right + 0.5 * trunk, bottom + 0.2 * trunk];
    const near = Math.min(width / (right - left), height / (bottom - top));
    const scale = Math.min(Math.max(near, fit), NEAREST * fit);
    const place = (room, full, from, to) => {
      if (scale * full <= room) return (room - scale * full) / 2;
      return Math.min(0, Math.max(room - scale * full, room / 2 - (scale * (from + to)) / 2));
    };
    return { scale, left: place(width, across, left, right), top: place(height, down, top, bottom), base };
  }

  /** Draw what belongs to a time in seconds. */
  paint(time) {
    const { canvas, video, motion } = this;
    const dense = Math.min(devicePixelRatio || 1, 2);
    const [width, height] = [canvas.clientWidth * dense, canvas.clientHeight * dense].map(Math.round);
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const pen = canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (!motion || !width) return;
    const { scale, left, top, base } = this.#look(width, height);
    // The picture is brought as near as the drawing, which stays sharp.
    video.style.transform = `translate(${(left - (base.left * scale) / base.scale) / dense}px, ${(top - (base.top * scale) / base.scale) / dense}px) scale(${scale / base.scale})`;
    pen.setTransform(scale, 0, 0, scale, left, top);
    this.thick = Math.max(0.028 * this.trunk, (1.4 * dense) / scale);
    const joints = poseAt(motion, time);
    if (this.compares) this.#paintGood(pen, time);
    if (!joints) return;
    const marked = this.#markedAt(time);
    this.#paintBody(pen, joints, this.colours.body, []);
    for (const [joint, main] of marked) if (joints[joint]) this.#paintMark(pen, joints[joint], main);
  }

  /** Return the joints to be marked, and whether the result is about them. */
  #markedAt(time) {
    const marked = new Map();
    for (const { start, end, faults } of this.motion.repetitions) {
      if (time < start - AROUND || time > end + AROUND) continue;
      for (const name of faults) {
        for (const joint of this.marks.get(name) ?? []) marked.set(joint, marked.get(joint) || name === this.fault);
      }
    }
    return marked;
  }

  #paintBody(pen, joints, colour, dashes) {
    pen.lineCap = pen.lineJoin = "round";
    for (const [width, ink] of [[2.2, this.colours.ink], [1, colour]]) {
      pen.strokeStyle = ink;
      pen.lineWidth = width * this.thick;
      pen.setLineDash(width === 1 ? dashes.map((part) => part * this.thick) : []);
      pen.beginPath();
      for (const [one, other] of this.motion.bones) {
        if (!joints[one] || !joints[other]) continue;
        pen.moveTo(...joints[one]);
        pen.lineTo(...joints[other]);
      }
      pen.stroke();
    }
    pen.setLineDash([]);
    pen.fillStyle = colour;
    for (const [one, other] of this.motion.bones) {
      for (const joint of [joints[one], joints[other]]) if (joint) disc(pen, joint, 1.1 * this.thick);
    }
  }

  /** Mark a joint by shape, not by colour alone: rings, with a cross for what the result is about. */
  #paintMark(pen, joint, main) {
    const radius = (main ? 5.5 : 3) * this.thick;
    pen.lineCap = "round";
    for (const [width, ink] of [[2.4, this.colours.ink], [1.3, this.colours.bad]]) {
      pen.strokeStyle = ink;
      pen.lineWidth = width * this.thick;
      pen.beginPath();
      pen.arc(...joint, radius, 0, 2 * Math.PI);
      if (main) {
        for (const [x, y] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
          pen.moveTo(joint[0] + x * 0.62 * radius, joint[1] + y * 0.62 * radius);
          pen.lineTo(joint[0] + x * 1.5 * radius, joint[1] + y * 1.5 * radius);
        }
      }
      pen.stroke();
    }
  }

  #paintGood(pen, time) {
    const { good } = this.motion;
    if (!good.length) return;
    const later = good.findIndex(({ times }) => times[0] > time);
    const index = Math.max(0, (later < 0 ? good.length : later) - 1);
    const { shift, box } = this.aside[index];
    const last = good[index].times.at(-1);
    const joints = poseAt(good[index], Math.min(Math.max(time, good[index].times[0]), last));
    if (!joints) return;
    const edge = 0.14 * this.trunk;
    pen.font = `750 ${0.26 * this.trunk}px ${this.face}`;
    const middle = (box[0] + box[2]) / 2 + shift;
    const half = Math.max((box[2] - box[0]) / 2, pen.measureText(this.canvas.dataset.good).width / 2) + edge;
    const top = box[1] - 0.75 * this.trunk;
    pen.fillStyle = this.colours.ink;
    pen.globalAlpha = 0.75;
    pen.beginPath();
    pen.roundRect(middle - half, top, 2 * half, box[3] - top + edge, edge);
    pen.fill();
    pen.globalAlpha = 1;
    const moved = joints.map((joint) => joint && [joint[0] + shift, joint[1]]);
    this.#paintBody(pen, moved, this.colours.good, [3, 2.4]);
    if (moved[this.nose]) {
      pen.beginPath();
      pen.arc(...moved[this.nose], 0.16 * this.trunk, 0, 2 * Math.PI);
      pen.stroke();
    }
    pen.fillStyle = this.colours.good;
    pen.textAlign = "center";
    pen.fillText(this.canvas.dataset.good, middle, top + 0.34 * this.trunk);
  }

  /** Return where a good repetition finds room beside the person, on the side with more of it. */
  #roomBeside({ poses }) {
    const box = boxOf(poses);
    const wide = Math.max(box[2] - box[0], 1.2 * this.trunk);
    const right = this.motion.size[0] - box[2] >= box[0];
    const room = (right ? this.motion.size[0] - box[2] : box[0]) - 0.2 * this.trunk;
    const shift = Math.max(0, Math.min(wide + 0.45 * this.trunk, room));
    return { box, shift: right ? shift : -shift };
  }
}

/** Return left, top, right and bottom of all joints in some poses; null of none. */
function boxOf(poses) {
  const places = poses.flat().filter(Boolean);
  if (!places.length) return null;
  const [xs, ys] = [0, 1].map((axis) => places.map((place) => place[axis]).sort((a, b) => a - b));
  const most = (sorted, share) => sorted[Math.round(share * (sorted.length - 1))];
  return [most(xs, 0.002), most(ys, 0.002), most(xs, 0.998), most(ys, 0.998)]; // slips do not count
}

/** Return the poses of the repetitions, or all where there are none. */
function during({ times, poses }, repetitions) {
  const chosen = poses.filter((_, index) => repetitions.some(({ start, end }) => times[index] >= start - AROUND && times[index] <= end + AROUND));
  return chosen.length ? chosen : poses;
}

function length(one, other) {
  return one && other ? Math.hypot(one[0] - other[0], one[1] - other[1]) : 0;
}

/** Return the joints at a time (seconds), between two sights; null where nobody was seen. */
function poseAt({ times, poses }, time) {
  let [low, high] = [0, times.length - 1];
  if (high < 0) return null;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1;
    else high = middle;
  }
  const before = Math.max(low - 1, 0);
  if (times[low] <= time || before === low) return Math.abs(times[low] - time) <= GAP ? poses[low] : null;
  if (times[low] - times[before] > GAP) return null;
  const share = (time - times[before]) / (times[low] - times[before]);
  return poses[low].map((joint, index) => {
    const earlier = poses[before][index];
    if (!joint || !earlier) return null;
    return [0, 1].map((axis) => earlier[axis] + share * (joint[axis] - earlier[axis]));
  });
}

function disc(pen, [x, y], radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}
