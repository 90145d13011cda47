// Draws a time range of a recording at the width of the screen, with the lanes of the static picture.

const LANE_GAP = 6, AXIS_HEIGHT = 26;
const HEIGHTS = { waveform: 56, bands: 80, reference: 24, utterances: 30, bins: 56, speakerBins: 30, label: 30, side: 44 };
const COMPACT = { waveform: 36, bands: 0, reference: 22, utterances: 26, bins: 36, speakerBins: 22, label: 16, side: 28 };
const SIDES = [["arousal", "calm", "excited"], ["valence", "unpleasant", "pleasant"]];

// An empty picture; the text beside it describes the content.
function picture() {
  const made = document.createElement("template");
  made.innerHTML = '<svg aria-hidden="true"></svg>';
  return made.content.firstChild;
}

// Room for the names of the lanes.
function margin(width) {
  return width < 640 ? 88 : 110;
}

class Chart {
  // `image` is the address of the picture of the mel bands, `id` a unique name.
  constructor(data, image, id, heights = HEIGHTS) {
    this.data = data;
    this.heights = heights;
    this.envelope = Uint8Array.from(atob(data.envelope), (c) => c.charCodeAt(0));
    this.svg = picture();
    this.svg.innerHTML = (image && heights.bands ? this.bands(image, id) : "") +
      '<g></g><rect class="plot" fill="transparent"/><line class="cursor"/>';
    this.drawn = this.svg.querySelector("g");
  }

  // The picture stays the same; the view box of its frame selects the visible part.
  bands(image, id) {
    return `<svg class="bands-frame" preserveAspectRatio="none" viewBox="0 0 1 80"><mask id="${id}"><image width="1" height="80" preserveAspectRatio="none" href="${image}"/></mask><rect class="bands" width="1" height="80" mask="url(#${id})"/></svg>`;
  }

  lanes(binned) {
    let top = 0;
    const next = (height) => {
      const lane = { top, height, middle: top + height / 2, bottom: top + height };
      top += height ? height + LANE_GAP : 0;
      return lane;
    };
    const { heights, data } = this;
    this.waveform = next(this.envelope.length ? heights.waveform : 0);
    this.frame = this.svg.querySelector(".bands-frame");
    this.spectrum = next(this.frame ? heights.bands : 0);
    this.reference = next(data.reference.length && !binned ? heights.reference : 0);
    const bins = data.speakers.length ? heights.speakerBins : heights.bins;
    const each = data.speakers.length ? data.speakers : [undefined];
    this.utterances = each.map((speaker) => ({ speaker, lane: next(binned ? bins : heights.utterances) }));
    this.shares = data.windows.shares.map(() => next(heights.label));
    this.sides = SIDES.filter(([name]) => data.windows[name].some((value) => value !== null))
      .map(([name, low, high]) => ({ name, low, high, lane: next(heights.side) }));
    this.axis = top;
    this.height = top + AXIS_HEIGHT;
  }

  draw(from, to, width) {
    this.scale = new Scale(from, to, margin(width), width - 10);
    const { left, right } = this.scale;
    const seen = this.scale.seen(this.data.utterances);
    const binned = seen.length * NARROWEST > right - left;
    this.lanes(binned);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${this.height}`);
    this.svg.setAttribute("height", this.height);
    const runs = steps(this.data.windows, this.scale, binned);
    this.drawn.innerHTML = [
      this.drawWaveform(),
      this.frame ? this.name(this.spectrum, "mel bands") : "",
      this.reference.height ? this.drawBlocks(this.reference, "reference", this.scale.seen(this.data.reference)) : "",
      ...this.utterances.map(({ speaker, lane }) => this.drawUtterances(lane, speaker, seen, binned)),
      ...this.shares.map((lane, label) => this.drawShare(lane, label, runs)),
      ...this.sides.map((side) => this.drawSide(side, runs)),
      this.drawGaps(), this.drawAxis(),
    ].join("");
    if (this.frame) { this.drawBands(from, to); }
    const plot = this.svg.querySelector(".plot");
    for (const [key, value] of Object.entries({ x: left, y: 0, width: right - left, height: this.axis })) {
      plot.setAttribute(key, value);
    }
  }

  name(lane, text) {
    return `<text class="name" x="${this.scale.left - 8}" y="${lane.middle.toFixed(1)}">${markup(text)}</text>`;
  }

  // Of what is drawn, in seconds.
  length() {
    return Math.max(this.data.length_s - this.data.begin_s, 0.1);
  }

  drawWaveform() {
    const { scale, envelope } = this, lane = this.waveform;
    if (!lane.height) { return ""; }
    const begin = this.data.begin_s, columns = envelope.length / 2, perColumn = this.length() / columns;
    const value = (byte) => (byte > 127 ? byte - 256 : byte) / 127;
    const y = (level) => (lane.middle - level * lane.height / 2).toFixed(1);
    const first = Math.max(0, Math.floor((scale.from - begin) / perColumn));
    const last = Math.min(columns - 1, Math.ceil((scale.to - begin) / perColumn));
    const every = Math.max(1, Math.floor((last - first) / (scale.right - scale.left)));
    const [above, below] = [[], []];
    for (let i = first; i <= last; i += every) {
      let [low, high] = [1, -1];
      for (let j = i; j < Math.min(i + every, columns); j++) {
        low = Math.min(low, value(envelope[2 * j]));
        high = Math.max(high, value(envelope[2 * j + 1]));
      }
      const x = scale.x(begin + (i + every / 2) * perColumn).toFixed(1);
      above.push(`${x},${y(high + 0.007)}`);
      below.push(`${x},${y(low - 0.007)}`);
    }
    return `${this.name(lane, "waveform")}<polygon class="wave" points="${above.concat(below.reverse()).join(" ")}"/>`;
  }

  drawBands(from, to) {
    const { left, right } = this.scale, lane = this.spectrum, length = this.length(), begin = this.data.begin_s;
    this.frame.setAttribute("x", left);
    this.frame.setAttribute("y", lane.top);
    this.frame.setAttribute("width", right - left);
    this.frame.setAttribute("height", lane.height);
    this.frame.setAttribute("viewBox", `${(from - begin) / length} 0 ${Math.max(to - from, 1e-3) / length} 80`);
  }

  // All utterances, or those of a speaker.
  drawUtterances(lane, speaker, seen, binned) {
    const name = speaker ? `speaker ${speaker}` : "utterances";
    if (binned) { return this.name(lane, name) + partPaths(stacks(this.data, this.scale, BIN, speaker), this.data, lane); }
    return this.drawBlocks(lane, name, speaker ? seen.filter((utterance) => utterance.speaker === speaker) : seen, speaker);
  }

  // The blocks of a speaker's lane do not repeat the speaker.
  drawBlocks(lane, name, seen, speaker) {
    const { data, scale } = this;
    const blocks = seen.map((block) => {
      const x = scale.x(block.start_s), width = Math.max(1, scale.x(block.end_s) - x);
      const label = block.name ?? data.labels[block.label], shape = data.shapes[block.label] ?? "";
      const who = block.speaker ? `${block.speaker}: ` : "";
      const told = speaker ? "" : who;
      const short = told && width > 26 ? `${block.speaker} ${shape}` : width > 12 ? shape : "";
      const text = width > 7.6 * (told.length + label.length) + 24 ? `${told}${shape} ${label}` : short;
      const sure = block.confidence === undefined ? "" : ` ${percent(block.confidence)}`;
      const say = `${clock(block.start_s)} – ${clock(block.end_s)} ${who}${label}${sure}`;
      return `<rect class="call ${data.classes[block.label] ?? "uncertain"}" x="${x.toFixed(1)}" y="${lane.top}" width="${width.toFixed(1)}" height="${lane.height}" rx="3"><title>${markup(say)}</title></rect>` +
        (text && `<text class="in-block" x="${(x + width / 2).toFixed(1)}" y="${lane.middle}">${markup(text)}</text>`);
    });
    return this.name(lane, name) + blocks.join("");
  }

  // The outline of the mean of `values` in each step, between them and a line.
  outline(runs, values, base, y) {
    return runs.map((run) => {
      const points = run.map((step) => {
        const top = y(step.of.reduce((sum, i) => sum + (values[i] ?? 0), 0) / step.of.length / 100).toFixed(1);
        return `L${step.from.toFixed(1)} ${top}L${step.to.toFixed(1)} ${top}`;
      });
      return `M${run[0].from.toFixed(1)} ${base}${points.join("")}L${run.at(-1).to.toFixed(1)} ${base}Z`;
    }).join("");
  }

  baseline(y) {
    return `<line class="base" x1="${this.scale.left}" x2="${this.scale.right}" y1="${y}" y2="${y}"/>`;
  }

  drawShare(lane, label, runs) {
    const { data } = this, base = lane.bottom;
    const area = this.outline(runs, data.windows.shares[label], base, (value) => base - value * lane.height);
    const predicted = runs.flat().filter((step) => step.label === label)
      .map((step) => `M${step.from.toFixed(1)} ${base}H${step.to.toFixed(1)}`).join("");
    return `${this.name(lane, `${data.labels[label]} ${data.shapes[label]}`)}${this.baseline(base)}<path class="share ${data.classes[label]}" d="${area}"/><path class="predicted" d="${predicted}"/>`;
  }

  drawSide({ name, low, high, lane }, runs) {
    const y = (value) => lane.middle - clamp(value, -1, 1) * lane.height / 2;
    const ends = lane.height < 40 ? "" : [[high, -15], [low, 15]].map(([text, off]) =>
      `<text class="end" x="${this.scale.left - 8}" y="${lane.middle + off}">${text}</text>`).join("");
    return `${this.name(lane, name)}${ends}${this.baseline(lane.middle)}<path class="side" d="${this.outline(runs, this.data.windows[name], lane.middle, y)}"/>`;
  }

  drawGaps() {
    return this.data.gaps.filter(([start, end]) => end > this.scale.from && start < this.scale.to)
      .map(([start, end]) => `<rect class="lost" x="${this.scale.x(start).toFixed(1)}" y="0" width="${Math.max(1, this.scale.x(end) - this.scale.x(start)).toFixed(1)}" height="${this.axis}"><title>samples were lost</title></rect>`).join("");
  }

  drawAxis() {
    return ticks(this.scale).map(({ x, time }) =>
      `<line class="tick" x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${this.axis}" y2="${this.axis + 4}"/><text class="time" x="${x.toFixed(1)}" y="${this.axis + 18}">${time}</text>`).join("");
  }

  // Moves the mark to a time; hides it outside the visible range, and before the first drawing.
  mark(seconds) {
    if (!this.scale) { return; }
    const cursor = this.svg.querySelector(".cursor"), x = this.scale.x(seconds);
    const seen = seconds >= this.scale.from - 1e-6 && seconds <= this.scale.to + 1e-6;
    for (const [key, value] of Object.entries({ x1: x, x2: x, y1: 0, y2: this.axis, visibility: seen ? "visible" : "hidden" })) {
      cursor.setAttribute(key, value);
    }
  }
}
