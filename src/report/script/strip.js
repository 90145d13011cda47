// The whole recording as a narrow strip, with a window that the mouse or keys move.

const STRIP_HEIGHT = 34;

class Strip {
  // `of` has data, begin, end and view = [from, to], and show(from, to).
  constructor(of, data) {
    this.of = of;
    this.data = data;
    this.svg = picture();
    this.window = element("div", { class: "window" });
    this.handles = ["start", "end"].map((side) => {
      const handle = element("div", {
        class: `handle ${side}`, role: "slider", tabindex: 0,
        "aria-label": `The ${side} of the visible time range`, "aria-valuemin": of.begin.toFixed(1),
        "aria-valuemax": of.end.toFixed(1), "aria-valuenow": of.begin.toFixed(1),
      });
      handle.addEventListener("keydown", (event) => this.key(event, side));
      return handle;
    });
    this.root = element("div", { class: "strip" }, this.svg, this.window, ...this.handles);
    this.root.addEventListener("pointerdown", (event) => this.drag(event));
  }

  draw(width) {
    const scale = new Scale(this.of.begin, this.of.end, margin(width), width - 10);
    this.scale = scale;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${STRIP_HEIGHT}`);
    this.svg.setAttribute("height", STRIP_HEIGHT);
    const parts = partPaths(this.parts(), this.data, { top: 0, height: STRIP_HEIGHT });
    this.svg.innerHTML = `<text class="name" x="${scale.left - 8}" y="${STRIP_HEIGHT / 2}">whole</text>${parts}`;
    this.place();
  }

  // Single utterances, or bins if there are many.
  parts() {
    const { scale, data } = this;
    if (data.utterances.length * 5 > scale.right - scale.left) { return stacks(data, scale, 6); }
    return data.utterances.map(({ start_s, end_s, label }) => {
      const x = scale.x(start_s);
      return { label, x, width: Math.max(1, scale.x(end_s) - x), from: 0, to: 1 };
    });
  }

  place() {
    const [from, to] = this.of.view.map((seconds) => this.scale.x(seconds));
    this.window.style.left = `${from}px`;
    this.window.style.width = `${to - from}px`;
    this.handles.forEach((handle, i) => {
      handle.style.left = `${[from, to][i]}px`;
      handle.setAttribute("aria-valuenow", this.of.view[i].toFixed(1));
      handle.setAttribute("aria-valuetext", clock(this.of.view[i]));
    });
  }

  key(event, side) {
    const [from, to] = this.of.view, i = side === "start" ? 0 : 1;
    const step = (event.shiftKey ? 0.2 : 0.05) * (to - from);
    const place = { ArrowLeft: this.of.view[i] - step, ArrowDown: this.of.view[i] - step,
      ArrowRight: this.of.view[i] + step, ArrowUp: this.of.view[i] + step,
      Home: this.of.begin, End: this.of.end }[event.key];
    if (place === undefined) { return; }
    event.preventDefault();
    const least = this.of.shortest;
    if (i) { this.of.show(from, Math.max(place, from + least)); } else { this.of.show(Math.min(place, to - least), to); }
  }

  // A handle moves one end; the window moves as a whole; a drag outside it draws a new one.
  drag(event) {
    if (event.button) { return; }
    const at = (e) => clamp(this.scale.seconds(e.clientX - this.root.getBoundingClientRect().left), this.of.begin, this.of.end);
    const start = at(event), [from, to] = this.of.view, least = this.of.shortest;
    const handle = this.handles.indexOf(event.target);
    const whole = from <= this.of.begin && to >= this.of.end;
    const move = (e) => {
      const now = at(e);
      if (handle === 0) { this.of.show(Math.min(now, to - least), to); }
      else if (handle === 1) { this.of.show(from, Math.max(now, from + least)); }
      else if (!whole && start >= from && start <= to) { this.of.show(from + now - start, to + now - start); }
      else if (Math.abs(now - start) > least) { this.of.show(Math.min(start, now), Math.max(start, now)); }
    };
    const stop = () => {
      this.root.removeEventListener("pointermove", move);
      this.root.classList.remove("dragged");
    };
    this.root.setPointerCapture(event.pointerId);
    this.root.classList.add("dragged");
    this.root.addEventListener("pointermove", move);
    this.root.addEventListener("pointerup", stop, { once: true });
    this.root.addEventListener("pointercancel", stop, { once: true });
    if (handle < 0 && (start < from || start > to)) {
      this.of.show(start - (to - from) / 2, start + (to - from) / 2);
    }
  }
}
