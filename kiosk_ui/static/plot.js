/** How deep the person was over time, with the repetitions; touching it leads to that moment. */

const STEP = 0.1; // seconds

/**
 * Draw the course of a clip.
 * @param {HTMLElement} place where it is drawn.
 * @param {object} motion what the server tells of the clip.
 * @param {HTMLElement[]} buttons the repetitions of the list, with their verdicts.
 * @param {import("./player.js").Player} player
 * @param {AbortSignal} signal ends it.
 */
export function showCourse(place, motion, buttons, player, signal) {
  const { course } = motion;
  if (!course) return;
  place.hidden = false;
  const plot = make("svg", { class: "course__plot", role: "slider", tabindex: "0" });
  plot.setAttribute("aria-label", place.dataset.label);
  plot.setAttribute("aria-valuemin", "0");
  const end = course.times.at(-1);
  plot.setAttribute("aria-valuemax", end.toFixed(1));
  place.replaceChildren(plot);

  const seen = course.values.filter((value) => value !== null);
  const deepest = 1.15 * Math.max(...seen, course.aim[0] ?? 0, 1);
  const least = Math.min(0, ...seen);
  let size = null;
  let head = null;
  const x = (time) => (time / end) * size.width;
  const y = (value) => size.top + ((value - least) / (deepest - least)) * (size.height - size.top);

  function build() {
    const { width, height } = place.getBoundingClientRect();
    if (!width || !height) return;
    const text = parseFloat(getComputedStyle(place).fontSize);
    size = { width, height, top: 1.7 * text };
    plot.replaceChildren();
    plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
    add("line", { class: "course__zero", x1: 0, x2: width, y1: y(0), y2: y(0) });
    motion.repetitions.forEach((one, number) => repetition(one, buttons[number]?.dataset.verdict ?? "", number, text));
    if (course.aim.length) {
      const at = y(course.aim[0]);
      add("line", { class: "course__aim", x1: 0, x2: width, y1: at, y2: at });
      const label = `${place.dataset.aim} ${course.aim[0]} ${course.unit}`;
      add("text", { class: "course__text course__text--aim", x: 0.3 * text, y: at - 0.35 * text }, label);
    }
    add("path", { class: "course__line", d: path() });
    if (player.place.dataset.worst !== undefined) mark(Number(player.place.dataset.worst), text);
    head = add("g", { class: "course__head" });
    head.append(make("line", { y1: size.top, y2: height }), make("circle", { r: 0.42 * text }));
    follow(player.video.currentTime);
  }

  function repetition({ start, end: stop }, verdict, number, text) {
    const group = add("g", { class: "course__rep", "data-verdict": verdict });
    group.append(make("rect", { x: x(start), y: size.top, width: x(stop) - x(start), height: size.height - size.top, rx: 0.4 * text }));
    const middle = x((start + stop) / 2);
    const room = x(stop) - x(start);
    if (room < 1.1 * text) return;
    const name = make("text", { class: "course__text", x: middle, y: 1.15 * text, "text-anchor": "middle" });
    name.textContent = String(number + 1);
    group.append(name);
    if (room < 2.6 * text) return;
    name.setAttribute("x", middle - 0.7 * text);
    const shape = { good: "good", bad: "bad", not_judged: "unsure" }[verdict];
    if (shape) group.append(make("use", { href: `#i-${shape}`, x: middle, y: 0.2 * text, width: 1.15 * text, height: 1.15 * text, class: "icon" }));
  }

  function mark(time, text) {
    const at = { x: x(time), y: y(valueAt(time) ?? 0) };
    add("use", { href: "#i-worst", class: "icon course__worst", x: at.x - text, y: at.y - text, width: 2 * text, height: 2 * text });
  }

  function path() {
    let drawn = "";
    let pen = "M";
    course.values.forEach((value, index) => {
      if (value === null) {
        pen = "M";
        return;
      }
      drawn += `${pen}${x(course.times[index]).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
    });
    return drawn;
  }

  function valueAt(time) {
    const index = Math.round((time - course.times[0]) / (course.times[1] - course.times[0]));
    return course.values[Math.min(Math.max(index, 0), course.values.length - 1)];
  }

  function follow(time) {
    if (!head) return;
    const value = valueAt(time);
    head.setAttribute("transform", `translate(${x(Math.min(time, end)).toFixed(1)} 0)`);
    head.lastChild.setAttribute("cy", y(value ?? 0).toFixed(1));
    const told = value === null ? "" : `, ${Math.round(value)} ${course.unit}`;
    plot.setAttribute("aria-valuenow", time.toFixed(1));
    plot.setAttribute("aria-valuetext", `${time.toFixed(1)} ${place.dataset.seconds}${told}`);
  }

  function add(name, attributes, text) {
    const element = make(name, attributes);
    if (text !== undefined) element.textContent = text;
    plot.append(element);
    return element;
  }

  const go = (time) => {
    player.video.pause();
    player.seek(Math.min(Math.max(time, 0), end));
  };
  const touch = (event) => go(((event.clientX - plot.getBoundingClientRect().left) / size.width) * end);
  plot.addEventListener("pointerdown", (event) => {
    plot.setPointerCapture(event.pointerId);
    touch(event);
  });
  plot.addEventListener("pointermove", (event) => {
    if (plot.hasPointerCapture(event.pointerId)) touch(event);
  });
  plot.addEventListener("keydown", (event) => {
    const now = player.video.currentTime;
    const times = { ArrowLeft: now - STEP, ArrowRight: now + STEP, ArrowDown: now - STEP, ArrowUp: now + STEP, PageDown: now - 1, PageUp: now + 1, Home: 0, End: end };
    if (!(event.key in times)) return;
    event.preventDefault();
    go(times[event.key]);
  });
  player.onTime(follow);
  const sized = new ResizeObserver(build);
  sized.observe(place);
  signal.addEventListener("abort", () => sized.disconnect());
}

function make(name, attributes) {
  const element = document.createElementNS(document.querySelector("svg").namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
