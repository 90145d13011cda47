// Two recordings, one above the other, with a common time axis, time range and mark.

class Compare {
  constructor(recordings, after) {
    this.recordings = recordings;
    this.chosen = [0, 1];
    this.at = 0;
    this.selects = this.chosen.map((place, i) => {
      const select = element("select", {}, ...recordings.map(({ data }, n) => element("option", { value: n }, data.name)));
      select.value = String(place);
      select.addEventListener("change", () => { this.chosen[i] = Number(select.value); this.open(); });
      return select;
    });
    this.body = element("div", { class: "compared" });
    this.root = element("details", { id: "compare", class: "compare" },
      element("summary", {}, element("h2", {}, "Compare two recordings")),
      element("div", { class: "chips" }, element("label", {}, "Above ", this.selects[0]), element("label", {}, "below ", this.selects[1]),
        button("Swap", () => { this.chosen.reverse(); this.selects.forEach((select, i) => { select.value = String(this.chosen[i]); }); this.open(); })),
      this.body);
    after.after(this.root);
    new ResizeObserver(() => this.draw()).observe(this.body);
    this.root.addEventListener("toggle", () => { if (this.root.open && !this.charts) { this.open(); } });
    // A page of two recordings opens the comparison.
    if (recordings.length === 2) { this.root.open = true; }
  }

  open() {
    const both = this.chosen.map((place) => this.recordings[place]);
    this.begin = Math.min(...both.map(({ begin }) => begin));
    this.end = Math.max(...both.map(({ end }) => end), this.begin + 0.1);
    this.shortest = Math.min(1, this.end - this.begin);
    this.view = [this.begin, this.end];
    this.charts = both.map(({ data, image }, i) => new Chart(data, image, `compared${i}`, COMPACT));
    this.timeline = element("div", { class: "timeline pair", tabindex: 0, role: "slider", "aria-label": "Position in both recordings",
      "aria-valuemin": this.begin.toFixed(1), "aria-valuemax": this.end.toFixed(1), "aria-valuenow": this.begin.toFixed(1) });
    this.captions = both.map(({ data }, i) => element("p", { class: "caption" }, `${["Above", "Below"][i]}: ${data.name}`));
    this.charts.forEach((chart, i) => this.timeline.append(this.captions[i], chart.svg));
    this.said = element("output");
    const zoom = (factor) => () => this.zoom(factor);
    const pan = (share) => () => this.show(...this.view.map((seconds) => seconds + share * (this.view[1] - this.view[0])));
    const tools = element("div", { class: "tools", role: "group", "aria-label": "Visible time range of both recordings" },
      button("−", zoom(2), { "aria-label": "Zoom out" }), button("+", zoom(0.5), { "aria-label": "Zoom in" }),
      button("◀", pan(-0.5), { "aria-label": "Earlier" }), button("▶", pan(0.5), { "aria-label": "Later" }),
      button("Whole", () => this.show(this.begin, this.end)));
    this.timeline.addEventListener("click", (event) => {
      this.move(this.charts[0].scale.seconds(event.clientX - this.charts[0].svg.getBoundingClientRect().left));
    });
    this.timeline.addEventListener("keydown", (event) => this.key(event));
    this.body.replaceChildren(this.difference(both), tools, this.timeline, this.said);
    this.draw();
    this.move(this.begin);
  }

  // The share of each label in both, and the difference.
  difference(both) {
    const labels = [...new Set(both.flatMap(({ data }) => data.labels))];
    const sums = both.map(({ data }) => sum(data.utterances.map((u) => ({ ...u, name: data.labels[u.label] })), labels));
    const row = (name, values, text, unit) => {
      const [a, b] = values;
      const known = typeof a === "number" && typeof b === "number";
      const size = known ? unit(Math.abs(b - a)) : "";
      // A difference that rounds to zero has no sign.
      const change = `${/[1-9]/.test(size) ? (b < a ? "−" : "+") : ""}${size}`;
      return element("tr", {}, element("th", { scope: "row" }, name), ...values.map((value) => element("td", { class: "number" }, typeof value === "number" ? text(value) : "")),
        element("td", { class: "number" }, change));
    };
    const points = (share) => {
      const count = Math.round(share * 100);
      return `${count} ${count === 1 ? "point" : "points"}`;
    };
    const shares = labels.map((label) => [label, sums.map((one) => (one.speech ? one.seconds.get(label) / one.speech : undefined))])
      .filter(([, values]) => values.some((value) => value > 0));
    const body = element("tbody", {},
      row("speech", sums.map((one) => one.speech), (value) => clock(value), (value) => clock(value)),
      row("mean arousal", sums.map((one) => one.arousal), signed, (value) => value.toFixed(2)),
      ...shares.map(([label, values]) => row(label, values, percent, points)));
    return element("table", { class: "difference" },
      element("caption", {}, "Share of the speech that sounds like each label"),
      element("thead", {}, element("tr", {}, ...["", "above", "below", "below minus above"].map((text, i) => i ? element("th", { scope: "col", class: "number" }, text) : element("td", {}, text)))), body);
  }

  show(from, to) {
    const span = clamp(to - from, this.shortest, this.end - this.begin);
    const start = clamp(from, this.begin, this.end - span);
    this.view = [start, start + span];
    this.draw();
  }

  zoom(factor) {
    const [from, to] = this.view, at = this.at >= from && this.at <= to ? this.at : (from + to) / 2;
    this.show(at - (at - from) * factor, at + (to - at) * factor);
  }

  draw() {
    const width = this.timeline?.clientWidth;
    if (!width) { return; }
    for (const chart of this.charts) {
      chart.draw(...this.view, width);
      chart.mark(this.at);
    }
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    const step = event.shiftKey ? 5 : 0.5;
    const to = { ArrowLeft: this.at - step, ArrowDown: this.at - step, ArrowRight: this.at + step, ArrowUp: this.at + step,
      PageDown: this.at - 30, PageUp: this.at + 30, Home: this.begin, End: this.end }[event.key];
    const zoom = { "+": 0.5, "=": 0.5, "-": 2 }[event.key];
    if (zoom) { this.zoom(zoom); }
    else if (event.key === "0") { this.show(this.begin, this.end); }
    else if (to !== undefined) { this.move(to); }
    else { return; }
    event.preventDefault();
  }

  move(seconds) {
    this.at = clamp(seconds, this.begin, this.end);
    if (this.at < this.view[0] || this.at > this.view[1]) {
      const span = this.view[1] - this.view[0];
      this.show(this.at - span / 10, this.at + span * 0.9);
    }
    const says = this.chosen.map((place, i) => `${["above", "below"][i]} ${describe(this.recordings[place].data, this.at)}`);
    this.charts.forEach((chart) => chart.mark(this.at));
    this.said.replaceChildren(...says.flatMap((text, i) => (i ? [element("br"), text] : [text])));
    this.timeline.setAttribute("aria-valuenow", this.at.toFixed(1));
    this.timeline.setAttribute("aria-valuetext", says.join("; "));
  }
}
