/** Draws over a picture of the clip, by the time at which it was taken. */

const GAP = 0.25; // seconds over which a skeleton is drawn between two sights
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
    this.marks = new Map(motion.faults.map(({ name, joints }) => [name, joints.map(at)]));
    this.aside = motion.good.map((good) => this.#roomBeside(good));
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
    const [across, down] = video.videoWidth ? [video.videoWidth, video.videoHeight] : motion.size;
    const scale = Math.min(width / across, height / down);
    pen.setTransform(scale, 0, 0, scale, (width - scale * across) / 2, (height - scale * down) / 2);
    this.thick = (3 * dense) / scale + motion.size[1] / 260;
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
    if (joints[this.nose]) disc(pen, joints[this.nose], 2.4 * this.thick);
  }

  /** Mark a joint by shape, not by colour alone: rings, with a cross for what the result is about. */
  #paintMark(pen, joint, main) {
    const radius = (main ? 5.5 : 4) * this.thick;
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
    const { good, size } = this.motion;
    if (!good.length) return;
    const later = good.findIndex(({ times }) => times[0] > time);
    const index = Math.max(0, (later < 0 ? good.length : later) - 1);
    const { shift, box } = this.aside[index];
    const last = good[index].times.at(-1);
    const joints = poseAt(good[index], Math.min(Math.max(time, good[index].times[0]), last));
    if (!joints) return;
    const edge = 0.03 * size[1];
    pen.fillStyle = this.colours.ink;
    pen.globalAlpha = 0.72;
    pen.beginPath();
    pen.roundRect(box[0] + shift - edge, box[1] - 3.2 * edge, box[2] - box[0] + 2 * edge, box[3] - box[1] + 4.2 * edge, edge);
    pen.fill();
    pen.globalAlpha = 1;
    const moved = joints.map((joint) => joint && [joint[0] + shift, joint[1]]);
    this.#paintBody(pen, moved, this.colours.good, [3, 2.4]);
    pen.fillStyle = this.colours.good;
    pen.font = `700 ${0.045 * size[1]}px ${this.face}`;
    pen.textAlign = "center";
    pen.fillText(this.canvas.dataset.good, (box[0] + box[2]) / 2 + shift, box[1] - 1.6 * edge);
  }

  /** Return where a good repetition finds room beside the person, on the side with more of it. */
  #roomBeside({ times, poses }) {
    const places = poses.flat().filter(Boolean);
    const xs = places.map(([x]) => x);
    const ys = places.map(([, y]) => y);
    const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
    const wide = box[2] - box[0];
    const gap = 0.35 * wide + 0.04 * this.motion.size[0];
    const right = this.motion.size[0] - box[2] >= box[0];
    const wanted = right ? wide + gap : -wide - gap;
    const edge = 0.035 * this.motion.size[1];
    const shift = right ? Math.min(wanted, this.motion.size[0] - box[2] - edge) : Math.max(wanted, edge - box[0]);
    return { times, box, shift };
  }
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
