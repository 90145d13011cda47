// Reduces windows and utterances to what is visible at a given width.

const STEP_S = 0.25;
// Utterances narrower than this on average are drawn in bins of this width.
const NARROWEST = 14, BIN = 12;
// Windows closer than this are drawn as one, with their mean.
const CLOSEST = 0.75;

// Maps time to position within a plot.
class Scale {
  constructor(from, to, left, right) {
    Object.assign(this, { from, to, left, right });
    this.perSecond = (right - left) / Math.max(to - from, 1e-6);
  }

  x(seconds) {
    return clamp(this.left + (seconds - this.from) * this.perSecond, this.left, this.right);
  }

  seconds(x) {
    return this.from + (x - this.left) / this.perSecond;
  }

  // The visible ones of `spans`.
  seen(spans) {
    return spans.filter((span) => span.end_s > this.from && span.start_s < this.to);
  }
}

// Windows in steps: a list for each utterance, or for each run of bins with speech.
// A step has the indices of its windows and their most frequent label.
function steps(windows, scale, binned) {
  const runs = [];
  const first = lowerBound(windows.end_s, scale.from);
  let last;
  for (let i = first; i < windows.end_s.length && windows.end_s[i] - STEP_S < scale.to; i++) {
    const end = windows.end_s[i];
    const bin = binned ? Math.floor((scale.x(end - STEP_S / 2) - scale.left) / BIN) : undefined;
    const same = last && (binned ? bin === last.bin : windows.utterance[i] === last.utterance);
    if (same && (binned || last.to - last.from < CLOSEST)) {
      last.of.push(i);
      last.to = binned ? last.to : scale.x(end);
      continue;
    }
    const goes = binned ? last && bin === last.bin + 1 : same;
    const from = binned ? scale.left + bin * BIN : goes ? last.to : scale.x(end - STEP_S);
    const to = binned ? Math.min(from + BIN, scale.right) : scale.x(end);
    last = { from, to, bin, utterance: windows.utterance[i], of: [i] };
    if (goes) { runs.at(-1).push(last); } else { runs.push([last]); }
  }
  for (const step of runs.flat()) { step.label = mostFrequent(step.of.map((i) => windows.label[i])); }
  return runs;
}

function mostFrequent(labels) {
  const counts = new Map();
  for (const label of labels) { counts.set(label, (counts.get(label) ?? 0) + 1); }
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best), [undefined, 0])[0];
}

// The seconds of each label in each bin.
function secondsInBins(utterances, data, scale, width) {
  const count = Math.ceil((scale.right - scale.left) / width), length = width / scale.perSecond;
  const filled = Array.from({ length: count }, () => new Array(data.labels.length).fill(0));
  for (const utterance of scale.seen(utterances)) {
    const bin = (seconds) => clamp(Math.floor((scale.x(seconds) - scale.left) / width), 0, count - 1);
    for (let i = bin(utterance.start_s); i <= bin(utterance.end_s); i++) {
      const start = scale.from + i * length;
      const inside = Math.min(utterance.end_s, start + length) - Math.max(utterance.start_s, start);
      filled[i][utterance.label] += Math.max(0, inside);
    }
  }
  return filled;
}

// How much of each bin the utterances of each label fill, stacked: those of one speaker, or
// all. The bin that is fullest with all utterances is 1.
function stacks(data, scale, width, speaker) {
  const all = secondsInBins(data.utterances, data, scale, width);
  const fullest = Math.max(1e-6, ...all.map((seconds) => seconds.reduce((a, b) => a + b)));
  const own = data.utterances.filter((utterance) => utterance.speaker === speaker);
  const filled = speaker ? secondsInBins(own, data, scale, width) : all;
  const parts = [];
  filled.forEach((seconds, bin) => {
    let from = 0;
    seconds.forEach((part, label) => {
      if (part <= 0) { return; }
      const to = Math.min(1, from + part / fullest), x = scale.left + bin * width;
      parts.push({ label, x, width: Math.min(width - 1, scale.right - x), from, to });
      from = to;
    });
  });
  return parts;
}

// The parts in a lane, as one path per label.
function partPaths(parts, data, { top, height }) {
  const paths = new Map();
  for (const { label, x, width, from, to } of parts) {
    const w = width.toFixed(1), box = `M${x.toFixed(1)} ${(top + (1 - to) * height).toFixed(1)}h${w}v${((to - from) * height).toFixed(1)}h-${w}z`;
    paths.set(label, (paths.get(label) ?? "") + box);
  }
  return [...paths].map(([label, path]) => `<path class="part ${data.classes[label]}" d="${path}"/>`).join("");
}

function ticks(scale) {
  const most = (scale.right - scale.left) / 70, span = scale.to - scale.from;
  const every = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]
    .find((seconds) => span / seconds <= most) ?? span / most;
  const marks = [];
  for (let i = Math.ceil(scale.from / every - 1e-9); i * every <= scale.to + 1e-6; i++) {
    marks.push({ x: scale.x(i * every), time: clock(i * every, every < 1) });
  }
  return marks;
}
