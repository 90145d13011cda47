// A recording: its chart with a mark, the visible time range, its sound, its utterances.

// A recording shorter than this has no strip.
const STRIP_FROM_S = 12;

// The prediction of the window that ends next, within the step that it adds.
function describe({ windows, labels }, at) {
  const i = lowerBound(windows.end_s, at - 0.005);
  if (!(windows.end_s[i] - at <= 0.3)) {
    return `${clock(at)}: no prediction here`;
  }
  const order = windows.shares.map((shares, label) => [shares[i], labels[label]]).sort((a, b) => b[0] - a[0]);
  const first = order.slice(0, 3).map(([share, name]) => `${name} ${share} %`).join(", ");
  const sides = SIDES.filter(([name]) => typeof windows[name][i] === "number")
    .map(([name]) => `, ${name} ${signed(windows[name][i] / 100)}`).join("");
  return `${clock(at)}: ${labels[windows.label[i]]} (${first}${sides})`;
}

class Recording {
  static sounds = new Map();

  constructor(section, number) {
    this.section = section;
    this.data = JSON.parse(section.querySelector("script").textContent);
    this.begin = this.data.begin_s;
    this.end = this.data.length_s;
    this.shortest = Math.min(1, this.end - this.begin);
    this.view = [this.begin, this.end];
    this.at = this.begin;
    this.timeline = section.querySelector(".timeline");
    this.output = section.querySelector("output");
    // The channels of a file share its sound.
    this.audio = section.querySelector("audio") ?? Recording.sounds.get(this.data.file);
    Recording.sounds.set(this.data.file, this.audio);
    this.list = section.querySelector("details.list");
    this.rows = [...section.querySelectorAll("tr[data-start]")];
    this.image = section.querySelector("mask image")?.getAttribute("href");
    this.chart = new Chart(this.data, this.image, `bands${number}`);
    this.timeline.append(this.chart.svg);
    this.timeline.hidden = false;
    this.timeline.addEventListener("keydown", (event) => this.key(event));
    this.timeline.addEventListener("pointerdown", (event) => this.drag(event));
    this.timeline.addEventListener("click", (event) => this.click(event));
    this.timeline.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    section.classList.add("live");
    if (this.end - this.begin >= STRIP_FROM_S) { this.addStrip(); }
    for (const row of this.rows) {
      row.querySelector("button").addEventListener("click", () => this.goTo(Number(row.dataset.start), true));
    }
    this.audio?.addEventListener("timeupdate", () => this.move(this.audio.currentTime + this.ahead()));
    new ResizeObserver(() => this.draw()).observe(this.timeline);
    section.addEventListener("toggle", () => this.draw());
    this.move(this.begin);
  }

  // The time of the recording at which its sound starts: some players leave a late start out.
  ahead() {
    return this.audio.duration < this.begin ? this.begin : 0;
  }

  addStrip() {
    this.strip = new Strip(this, this.data);
    this.shown = element("span", { class: "shown" });
    const zoom = (factor) => () => this.zoom(factor);
    const pan = (share) => () => this.pan(share * (this.view[1] - this.view[0]));
    const tools = element("div", { class: "tools", role: "group", "aria-label": `Visible time range of ${this.data.name}` },
      button("−", zoom(2), { "aria-label": "Zoom out" }), button("+", zoom(0.5), { "aria-label": "Zoom in" }),
      button("◀", pan(-0.5), { "aria-label": "Earlier" }), button("▶", pan(0.5), { "aria-label": "Later" }),
      button("Whole", () => this.show(this.begin, this.end)), this.shown);
    this.timeline.before(tools, this.strip.root);
  }

  // Shows a time range; at the ends of the recording it is moved, not shortened.
  show(from, to) {
    const span = clamp(to - from, this.shortest, this.end - this.begin);
    const start = clamp(from, this.begin, this.end - span);
    this.view = [start, start + span];
    this.later ??= requestAnimationFrame(() => { this.later = undefined; this.draw(); });
  }

  pan(seconds) {
    this.show(this.view[0] + seconds, this.view[1] + seconds);
  }

  // Zooms around the mark if it is visible, otherwise around the middle.
  zoom(factor, at = this.at) {
    const [from, to] = this.view;
    const fixed = at >= from && at <= to ? at : (from + to) / 2;
    this.show(fixed - (fixed - from) * factor, fixed + (to - fixed) * factor);
  }

  draw() {
    const width = this.timeline.clientWidth;
    if (!width) { return; }
    this.chart.draw(...this.view, width);
    this.chart.mark(this.at);
    this.strip?.draw(width);
    if (this.shown) { this.shown.textContent = this.view.map((seconds) => clock(seconds)).join(" – "); }
  }

  secondsAt(event) {
    return this.chart.scale.seconds(event.clientX - this.chart.svg.getBoundingClientRect().left);
  }

  click(event) {
    if (this.dragged) { this.dragged = false; return; }
    this.seek(this.secondsAt(event), false);
  }

  // Drags the time range; a press without movement is a click.
  drag(event) {
    if (event.button || !this.strip || this.view[1] - this.view[0] >= this.end - this.begin) { return; }
    const start = event.clientX, [from, to] = this.view;
    const perPixel = 1 / this.chart.scale.perSecond;
    this.dragged = false;
    const move = (e) => {
      if (!this.dragged && Math.abs(e.clientX - start) < 5) { return; }
      this.dragged = true;
      this.timeline.setPointerCapture(e.pointerId);
      this.show(from - (e.clientX - start) * perPixel, to - (e.clientX - start) * perPixel);
    };
    const stop = () => this.timeline.removeEventListener("pointermove", move);
    this.timeline.addEventListener("pointermove", move);
    for (const end of ["pointerup", "pointercancel"]) { this.timeline.addEventListener(end, stop, { once: true }); }
  }

  wheel(event) {
    if (!this.strip || !(event.ctrlKey || event.metaKey)) { return; }
    event.preventDefault();
    this.zoom(Math.exp(event.deltaY / 300), this.secondsAt(event));
  }

  key(event) {
    if (event.target !== this.timeline || event.ctrlKey || event.metaKey || event.altKey) { return; }
    const step = event.shiftKey ? 5 : 0.5;
    const to = {
      ArrowLeft: this.at - step, ArrowDown: this.at - step,
      ArrowRight: this.at + step, ArrowUp: this.at + step,
      PageDown: this.at - 30, PageUp: this.at + 30,
      Home: this.begin, End: this.end,
    }[event.key];
    const zoom = { "+": 0.5, "=": 0.5, "-": 2, "0": Infinity }[event.key];
    if (event.key === " " && this.audio) {
      if (this.audio.paused) { this.audio.play(); } else { this.audio.pause(); }
    } else if (zoom && this.strip) {
      if (zoom === Infinity) { this.show(this.begin, this.end); } else { this.zoom(zoom); }
    } else if (to !== undefined) {
      this.seek(to, false);
    } else {
      return;
    }
    event.preventDefault();
  }

  seek(seconds, play) {
    this.move(seconds);
    if (this.audio) {
      this.audio.currentTime = this.at - this.ahead();
      if (play) { this.audio.play().catch(() => {}); }
    }
  }

  // Opens the recording at a time, zoomed in until its utterance is visible.
  goTo(seconds, play) {
    this.section.open = true;
    const span = Math.min(this.view[1] - this.view[0], 60);
    if (this.end - this.begin > 120 || seconds < this.view[0] || seconds > this.view[1]) {
      this.show(seconds - span / 3, seconds + span * 2 / 3);
    }
    this.seek(seconds, play);
  }

  move(seconds) {
    this.at = clamp(seconds, this.begin, this.end);
    const [from, to] = this.view;
    if (this.at < from || this.at > to) {
      const span = to - from;
      this.show(this.at - span * 0.1, this.at + span * 0.9);
    }
    this.chart.mark(this.at);
    const text = describe(this.data, this.at);
    this.output.textContent = text;
    this.timeline.setAttribute("aria-valuenow", this.at.toFixed(1));
    this.timeline.setAttribute("aria-valuetext", text);
    for (const row of this.rows) {
      const within = Number(row.dataset.start) <= this.at && this.at < Number(row.dataset.end);
      if (within) { row.setAttribute("aria-current", "true"); } else { row.removeAttribute("aria-current"); }
    }
  }
}
