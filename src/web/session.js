'use strict';
// The state of the session, from its events.

// Longest time range of a picture, in seconds.
const KEPT_S = 70;
// A position that decreases by more than this, in seconds, is a seek back.
const BACK_S = 0.25;
// A position that moves by more than this at once is a seek.
const SOUGHT_S = 0.75;
// Seconds that a live prediction covers.
const LIVE_S = 0.25;
// Seconds for which a final prediction is as bright as a live one.
const BRIGHT_S = 3;
const REASONS = {
  no_speech: 'this is not speech',
  clipped: 'overloaded: lower the level of the input',
  too_short: 'too short',
  too_quiet: 'too quiet: come nearer',
  too_noisy: 'too noisy',
  between: 'no label is clear',
};

const state = {
  link: 'opening', // open, lost, full or over
  labels: [],
  source: '',
  input: {},
  position: null,
  level: null,
  whole: null, // of a recording that is analyzed ahead: {intervals, utterances, gaps, until, complete}
};

function forget() {
  Object.assign(state, {
    started: false,
    ended: false,
    muted: false,
    // By channel; 0 if the input is analyzed as a whole.
    voices: new Set(),
    speech: new Map(), // start of the utterance in seconds
    live: new Map(), // label of the last live prediction
    shown: null, // {prediction, final, was}
    intervals: [], // {start, end, channel, label, confidence, arousal, valence}
    utterances: [], // the same, of whole utterances
    levels: [], // {at, dbfs}
    gaps: [],
    marks: [],
    at: 0,
    since: performance.now(),
  });
}
forget();

// The time of the session in seconds: from the audio, extrapolated by the clock between messages.
function now() {
  const still = state.link !== 'open' || state.position?.paused || state.input.outage_s != null;
  const more = still ? 0 : Math.min(0.3, (performance.now() - state.since) / 1000);
  return state.at + more;
}

function advance(at) {
  if (at > state.at) {
    state.at = at;
    state.since = performance.now();
  }
}

// The entries that end in the last KEPT_S seconds before a time.
function past(list, at) {
  const from = list.findIndex((entry) => entry.end >= at - KEPT_S);
  const until = list.findLastIndex((entry) => entry.end <= at);
  return from < 0 ? [] : list.slice(from, until + 1);
}

// Shows a recording that is analyzed ahead at a position.
function turn(at) {
  const { whole } = state;
  state.intervals = past(whole.intervals, at);
  state.utterances = whole.utterances.filter((entry) => entry.end <= at);
  state.gaps = past(whole.gaps, at);
  const last = state.utterances.at(-1);
  state.shown = last ? { prediction: last.event, final: true, was: null } : null;
  state.speech.clear();
  state.live.clear();
  state.ended = false;
  state.at = at;
  state.since = performance.now();
}

// Advances the time by a level or a position; only a seek moves it back.
function follow(at) {
  if (state.whole && Math.abs(at - state.at) > SOUGHT_S) {
    turn(at);
    state.levels = state.levels.filter((entry) => entry.at <= at);
  } else if (at < state.at - BACK_S) {
    const before = (list, time) => list.filter((entry) => time(entry) <= at);
    state.intervals = before(state.intervals, (entry) => entry.end);
    state.utterances = before(state.utterances, (entry) => entry.end);
    state.levels = before(state.levels, (entry) => entry.at);
    state.gaps = before(state.gaps, (entry) => entry.end);
    state.ended = false;
    state.shown = null;
    state.speech.clear();
    state.at = at;
    state.since = performance.now();
  }
  advance(at);
}

const channel = (event) => event.channel ?? 0;

// Whether letters are shown: there are several speakers.
const several = () => [...(state.whole?.utterances ?? []), ...state.utterances, ...state.intervals].some((entry) => entry.speaker && entry.speaker !== 'A');

// Whether somebody speaks.
const speaking = () => state.voices.size > 0 || state.speech.size > 0;

// The part of a measurement that is drawn.
function entryOf(event) {
  return {
    start: event.start_s,
    end: event.end_s,
    channel: channel(event),
    number: event.utterance,
    speaker: event.speaker,
    label: event.label,
    confidence: event.confidence,
    arousal: event.arousal,
    valence: event.valence,
  };
}

function measure(event) {
  const final = event.trigger === 'speech_ended';
  const entry = entryOf(event);
  const before = state.live.get(entry.channel);
  const was = final && before && before !== event.label ? before : null;
  state.shown = { prediction: event, final, was };
  if (!final) state.live.set(entry.channel, event.label);
  const list = final ? state.utterances : state.intervals;
  // After a seek back it is already in the list.
  const known = (other) => other.end === entry.end && other.channel === entry.channel;
  if (!list.some(known)) list.push(entry);
  advance(event.end_s);
}

// Corrects the speakers of earlier utterances.
function rename(event, entries) {
  for (const { utterance, speaker } of event.changed) {
    const own = (entry) => entry.channel === channel(event) && entry.number === utterance;
    for (const entry of entries.filter(own)) entry.speaker = speaker;
  }
}

// Adds the next part of a recording that is analyzed ahead.
function extend(part) {
  if (part.first || !state.whole) state.whole = { intervals: [], utterances: [], gaps: [] };
  const { whole } = state;
  whole.until = part.until_s;
  whole.complete = part.complete;
  for (const [number, of, end, label, confidence, arousal] of part.live) {
    whole.intervals.push({ start: end - LIVE_S, end, number, channel: of, label, confidence, arousal });
  }
  for (const event of part.events) {
    if (event.type === 'measurement') whole.utterances.push({ ...entryOf(event), event });
    else if (event.type === 'gap') whole.gaps.push({ start: event.start_s, end: event.end_s });
    else rename(event, [...whole.utterances, ...whole.intervals]);
  }
}

const TAKE = {
  session_start(event) {
    forget();
    state.started = true;
    state.source = event.name;
  },
  voice(event) {
    if (event.active) state.voices.add(channel(event));
    else state.voices.delete(channel(event));
    advance(event.at_s);
  },
  utterance_start(event) {
    state.speech.set(channel(event), event.start_s);
    state.live.delete(channel(event));
    advance(event.start_s);
  },
  measurement: measure,
  speakers(event) {
    rename(event, [...state.utterances, ...state.intervals]);
    for (const { utterance, speaker } of event.changed) {
      const { prediction } = state.shown ?? {};
      if (prediction && channel(prediction) === channel(event) && prediction.utterance === utterance) {
        prediction.speaker = speaker;
      }
    }
    advance(event.at_s);
  },
  utterance_end(event) {
    state.speech.delete(channel(event));
    advance(event.end_s);
  },
  signal(event) {
    state.muted = !event.present;
    advance(event.at_s);
  },
  gap(event) {
    state.gaps.push({ start: event.start_s, end: event.end_s });
    advance(event.end_s);
  },
  mark(event) {
    state.marks.push(event.at_s);
    advance(event.at_s);
  },
  session_end(event) {
    state.ended = true;
    state.voices.clear();
    state.speech.clear();
    advance(event.duration_s);
  },
};

function trim() {
  const oldest = state.at - KEPT_S;
  for (const list of [state.levels, state.intervals]) {
    while (list.length > 0 && (list[0].at ?? list[0].end) < oldest) list.shift();
  }
  while (state.utterances.length > 50) state.utterances.shift();
}

// Reads events, and calls `changed` after each with its kind.
function read(changed) {
  const token = new URLSearchParams(location.search).get('token') ?? '';
  const source = new EventSource(`/events?token=${encodeURIComponent(token)}`);
  const on = (name, take) =>
    source.addEventListener(name, (message) => {
      const kind = take(JSON.parse(message.data)) ?? name;
      trim();
      changed(kind);
    });
  on('message', (event) => {
    TAKE[event.type]?.(event);
    return event.type;
  });
  on('labels', (labels) => {
    state.labels = labels;
  });
  on('status', (input) => {
    state.input = input;
    if (!input.analyzed_ahead) state.whole = null;
    if (input.source) state.source = input.source;
  });
  on('analyzed', extend);
  on('position', (position) => {
    state.position = position;
    follow(position.at_s);
  });
  on('level', (level) => {
    state.level = level;
    state.levels.push({ at: level.at_s, dbfs: level.rms_dbfs });
    follow(level.at_s);
  });
  on('over', () => {
    state.link = 'over';
    source.close();
  });
  source.onopen = () => {
    state.link = 'open';
    changed('link');
  };
  source.onerror = () => {
    if (state.link === 'over') return;
    state.link = state.link === 'opening' && source.readyState === EventSource.CLOSED ? 'full' : 'lost';
    if (source.readyState === EventSource.CLOSED) setTimeout(() => read(changed), 5000);
    changed('link');
  };
}

// Shape, name and colour of a label.
function look(label) {
  const found = state.labels.find((entry) => entry.label === label);
  return found
    ? { shape: found.shape, name: label, ink: `var(--c${found.color})` }
    : { shape: '?', name: label, ink: 'var(--text)' };
}

const percent = (share) => `${Math.round(share * 100)} %`;

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (number) => String(number).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0
    ? `${hours}:${pad(minutes)}:${pad(whole % 60)}`
    : `${minutes}:${pad(whole % 60)}`;
}

const ago = (seconds) => (seconds < 60 ? `${Math.floor(seconds)} s` : clock(seconds));

// The labels of a prediction, the most likely first.
function ranked(prediction) {
  return Object.entries(prediction.probabilities).sort((one, other) => other[1] - one[1]);
}

// The main display: words with their colours, a shape, a probability.
function call() {
  const { input, shown } = state;
  const plain = (text) => ({ text, ink: 'var(--text)' });
  if (input.outage_s != null) {
    const words = [plain(input.gone ? 'lost' : 'no sound'), plain(clock(input.outage_s))];
    return { shape: '!', words, alert: true };
  }
  if (state.muted && !shown) return { shape: '!', words: [plain('muted?')], alert: true };
  if (!shown) {
    const text = !state.started ? 'starting…' : speaking() ? 'warming up…' : 'listening…';
    return { shape: '', words: [plain(text)], small: true };
  }
  const { prediction } = shown;
  if (prediction.label !== 'uncertain') {
    const { shape, name, ink } = look(prediction.label);
    return { shape, words: [{ text: name, ink }], share: prediction.confidence };
  }
  if (prediction.reason && prediction.reason !== 'between') {
    return { shape: '?', words: [plain('uncertain')] };
  }
  const words = ranked(prediction)
    .slice(0, 2)
    .map(([label]) => ({ text: `${label}?`, ink: look(label).ink }));
  return { shape: '?', words };
}

// Age of the last prediction in seconds.
const age = () => Math.max(0, now() - (state.shown?.prediction.end_s ?? now()));

// Whether the last prediction is outdated, and shown faded.
function faded() {
  const away = state.input.outage_s != null || state.muted || state.link !== 'open';
  return state.shown != null && (away || (state.shown.final && age() >= BRIGHT_S));
}
