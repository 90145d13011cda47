// The page: text and bars are updated at every event, pictures at every animation frame.

const find = (selector) => document.querySelector(selector);
const UTTERANCES_LISTED = 7;
const FLOOR_DBFS = -60;
const quiet = matchMedia('(prefers-reduced-motion: reduce)');

// Sets a text if it changed.
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

let drawn = '';

function showCall() {
  const { shape, words, share, small, alert } = call();
  const box = find('#call');
  const percentage = share == null ? '' : percent(share);
  const key = JSON.stringify([shape, words, percentage]);
  if (key !== drawn) {
    drawn = key;
    const longest = words.reduce((sum, word) => sum + word.text.length + 1, 0);
    const letters = Math.max(longest + (percentage ? 3 : 0), 9);
    const style = find('#word').style;
    // Two words are stacked instead of shrunk.
    style.setProperty('--letters', words.length > 1 ? Math.max(...words.map((w) => w.text.length)) + 3 : letters);
    put(find('.shape'), shape);
    find('.shape').style.setProperty('--ink', share == null ? 'var(--text)' : words[0].ink);
    put(find('.share'), percentage);
    find('.words').replaceChildren(
      ...words.map((word) => {
        const element = make('span', '', word.text);
        element.style.setProperty('--ink', word.ink);
        return element;
      }),
    );
    box.style.setProperty('--ink', share == null ? 'transparent' : words[0].ink);
  }
  box.classList.toggle('small', Boolean(small));
  box.classList.toggle('alert', Boolean(alert));
  box.classList.toggle('faded', faded());
  find('#bars').classList.toggle('faded', faded());
}

// The scope of the word: speaker, live or final, age, reason.
function showStanding() {
  const parts = [];
  const { shown, input } = state;
  if (input.outage_s != null) {
    parts.push(input.gone ? 'waiting for the microphone' : 'the input delivers nothing');
  } else if (state.muted) {
    parts.push('only zeros arrive: is the microphone muted, or not permitted for emoscope?');
  }
  if (shown) {
    const { prediction, final, was } = shown;
    const since = state.speech.get(channel(prediction));
    if (prediction.channel) parts.push(`channel ${prediction.channel}`);
    if (prediction.speaker && several()) parts.push(`speaker ${prediction.speaker}`);
    if (final && speaking()) parts.push('warming up…');
    if (final) {
      parts.push('final');
      parts.push(`${ago(age())} ago`);
      if (was) parts.push(`was ${was}`);
    } else if (since != null) {
      parts.push(`speaking ${Math.max(0, Math.floor(now() - since))} s`);
    }
    if (prediction.label === 'uncertain') {
      parts.push(REASONS[prediction.reason ?? 'between']);
      if ((prediction.reason ?? 'between') === 'between') {
        const shares = ranked(prediction).slice(0, 2);
        parts.push(shares.map(([label, share]) => `${label} ${percent(share)}`).join(', '));
      }
    }
    if (prediction.arousal != null) parts.push(`arousal ${signed(prediction.arousal)}`);
  }
  const line = find('#standing');
  if (line.dataset.text !== parts.join('|')) {
    line.dataset.text = parts.join('|');
    line.replaceChildren(...parts.map((part) => make('span', part === 'final' ? 'final' : '', part)));
  }
}

const signed = (value) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;

function showState() {
  let kind = 'listening';
  let text = 'no speech';
  const { input, link } = state;
  if (link === 'over' || (link === 'open' && state.ended)) [kind, text] = ['over', 'the session is over'];
  else if (link === 'full') [kind, text] = ['alert', 'too many pages are open, trying again'];
  else if (link === 'lost') [kind, text] = ['alert', 'connection lost, trying again'];
  else if (link === 'opening' || !state.started) [kind, text] = ['', 'starting…'];
  else if (input.outage_s != null) {
    [kind, text] = ['alert', `${input.gone ? 'microphone lost' : 'no sound'} ${clock(input.outage_s)}`];
  } else if (state.position?.paused) [kind, text] = ['', 'paused'];
  else if (state.muted) [kind, text] = ['alert', 'muted?'];
  else if (speaking()) [kind, text] = ['speaking', 'speaking'];
  find('#link').className = kind;
  put(find('#doing'), text);
  put(find('#source'), state.source);
}

function makeBars() {
  const rows = state.labels.map((entry) => {
    const row = make('li');
    row.style.setProperty('--ink', `var(--c${entry.color})`);
    const mark = make('span', 'mark', entry.shape);
    mark.setAttribute('aria-hidden', 'true');
    const track = make('span', 'track');
    track.append(make('span', 'fill'));
    row.append(mark, make('span', 'name', entry.label), track, make('span', 'number', '–'));
    return row;
  });
  find('#bars ul').replaceChildren(...rows);
}

function showBars() {
  const prediction = state.shown?.prediction;
  const rows = find('#bars ul').children;
  state.labels.forEach(({ label }, place) => {
    const share = prediction?.probabilities[label] ?? 0;
    const row = rows[place];
    row.classList.toggle('predicted', prediction?.label === label);
    row.querySelector('.fill').style.transform = `scaleX(${share})`;
    put(row.querySelector('.number'), prediction ? percent(share) : '–');
  });
}

function showAffect() {
  const prediction = state.shown?.prediction;
  const spot = find('#spot');
  const known = prediction?.arousal != null && prediction.valence != null;
  spot.setAttribute('visibility', known ? 'visible' : 'hidden');
  const recent = [...state.intervals, ...state.utterances].filter((entry) => entry.valence != null);
  recent.sort((one, other) => one.end - other.end);
  const points = recent.slice(-16).map((entry) => [entry.valence * 100, entry.arousal * -100]);
  find('#trail').setAttribute('points', points.map((point) => point.map(Math.round)).join(' '));
  if (!known) return;
  const ink = prediction.label === 'uncertain' ? 'var(--text)' : look(prediction.label).ink;
  spot.style.setProperty('--ink', ink);
  spot.setAttribute('cx', prediction.valence * 100);
  spot.setAttribute('cy', prediction.arousal * -100);
  put(find('#place'), `arousal ${signed(prediction.arousal)}, valence ${signed(prediction.valence)}`);
}

function showUtterances() {
  const letters = several();
  const rows = state.utterances.slice(-UTTERANCES_LISTED).reverse().map((entry) => {
    const { shape, ink } = look(entry.label);
    const length = (entry.end - entry.start).toFixed(1);
    const row = make('li');
    row.style.setProperty('--ink', ink);
    const mark = make('span', 'mark', shape);
    mark.setAttribute('aria-hidden', 'true');
    row.append(
      make('span', 'when', clock(entry.start)),
      mark,
      make('span', 'name', (letters && entry.speaker ? `${entry.speaker}: ` : '') + (entry.channel ? `${entry.label} (${entry.channel})` : entry.label)),
      make('span', 'number', entry.channel || letters ? percent(entry.confidence) : `${percent(entry.confidence)}, ${length} s`),
    );
    return row;
  });
  find('#utterances ol').replaceChildren(...rows);
  find('.none').hidden = rows.length > 0;
}

// Announces only final predictions to a screen reader.
function say() {
  const { prediction } = state.shown;
  const certain = prediction.label !== 'uncertain';
  const who = prediction.speaker && several() ? `${prediction.speaker}: ` : '';
  const text = certain
    ? `${prediction.label}, ${percent(prediction.confidence)}`
    : `uncertain: ${REASONS[prediction.reason ?? 'between']}`;
  put(find('#said'), `${clock(prediction.start_s)}: ${who}${text}`);
}

function showLevel() {
  const level = state.level;
  if (!level) return;
  const part = (dbfs) => `${Math.max(0, Math.min(1, 1 - dbfs / FLOOR_DBFS)) * 100}%`;
  const box = find('#level');
  box.classList.toggle('clipped', level.clipped);
  box.querySelector('.fill').style.width = part(level.rms_dbfs);
  box.querySelector('.peak').style.left = part(level.peak_dbfs);
  const threshold = box.querySelector('.threshold');
  threshold.hidden = level.vad_dbfs == null;
  if (level.vad_dbfs != null) threshold.style.left = part(level.vad_dbfs);
  const silent = level.rms_dbfs <= FLOOR_DBFS;
  put(box.querySelector('.reading'), silent ? 'quiet' : `${Math.round(level.rms_dbfs)} dBFS`);
  const value = String(Math.round(Math.max(FLOOR_DBFS, level.rms_dbfs)));
  box.querySelector('.track').setAttribute('aria-valuenow', value);
}

// A cleared canvas at the resolution of the screen.
function cleared(canvas) {
  const scale = devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext('2d');
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

// Colours of the page by their names, and of the labels.
function colours() {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(name).trim();
  const colour = (label) => {
    const found = state.labels.find((entry) => entry.label === label);
    return found ? value(`--c${found.color}`) : value('--dim');
  };
  return { value, colour };
}

// Number of events so far: a picture is drawn again after an event or a movement.
let news = 0;
const shownBy = new Map(); // what each canvas shows

// Whether a canvas must be drawn again: one of its key numbers changed.
function isNew(canvas, ...shows) {
  const key = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio, ...shows].join();
  if (shownBy.get(canvas) === key) return false;
  shownBy.set(canvas, key);
  return true;
}

// A position in whole halves of a pixel.
const halfDots = (place) => Math.round(place * 2);

const strip = document.createElement('canvas'); // the whole recording without the position

// Draws the analyzed part of the whole recording.
function drawStrip(canvas, total) {
  const { whole } = state;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  strip.width = Math.round(width * devicePixelRatio);
  strip.height = Math.round(height * devicePixelRatio);
  const context = strip.getContext('2d');
  context.scale(devicePixelRatio, devicePixelRatio);
  const { value, colour } = colours();
  const x = (time) => (time / total) * width;
  context.fillStyle = value('--line');
  context.globalAlpha = 0.5;
  context.fillRect(0, 0, x(whole.until), height);
  context.globalAlpha = 1;
  const channels = [...new Set(whole.utterances.map((entry) => entry.channel))].sort();
  const row = height / Math.max(1, channels.length);
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  context.font = `600 ${Math.min(13, row * 0.75)}px ${getComputedStyle(document.body).fontFamily}`;
  for (const entry of whole.utterances) {
    const [left, right] = [x(entry.start), x(entry.end)];
    const top = row * channels.indexOf(entry.channel);
    context.fillStyle = colour(entry.label);
    context.globalAlpha = entry.label === 'uncertain' ? 0.45 : 1;
    context.fillRect(left, top, Math.max(1, right - left - 1), row - 1);
    context.globalAlpha = 1;
    if (right - left < 16) continue;
    context.fillStyle = value('--card');
    context.fillText(look(entry.label).shape, (left + right) / 2, top + row / 2);
  }
}

// The whole recording that is analyzed ahead, and the playback position.
function drawWhole() {
  const { whole, position } = state;
  const total = Math.max(position?.total_s ?? 0, whole?.until ?? 0);
  find('#whole').hidden = !whole || total <= 0;
  if (find('#whole').hidden) return;
  const at = Math.min(total, now());
  const analyzed = whole.complete ? '' : `, analyzed to ${clock(whole.until)}`;
  put(find('#whole .at'), `${clock(at)} of ${clock(total)}${analyzed}`);
  const canvas = find('#whole canvas');
  const { value } = colours();
  const shows = [total, whole.until, whole.utterances.length, value('--card')];
  const place = Math.min(canvas.clientWidth - 4, Math.max(2, (at / total) * canvas.clientWidth - 1));
  if (!isNew(canvas, ...shows, halfDots(place))) return;
  const { context, width, height } = cleared(canvas);
  if (isNew(strip, width, height, ...shows)) drawStrip(canvas, total);
  context.drawImage(strip, 0, 0, width, height);
  for (const [name, margin] of [['--card', 2], ['--text', 0]]) {
    context.fillStyle = value(name);
    context.fillRect(place - margin, 0, 2 + 2 * margin, height);
  }
}

// The last minute: level in the labels' colours, utterances, arousal.
function drawPast() {
  const canvas = find('#past canvas');
  const seconds = canvas.clientWidth < 560 ? 30 : 60;
  put(find('#past h2 span'), seconds === 60 ? 'Last minute' : 'Last half minute');
  const { value, colour } = colours();
  const [text, dim, line] = ['--text', '--dim', '--line'].map(value);
  const end = now();
  if (!isNew(canvas, news, halfDots((end / seconds) * canvas.clientWidth), text)) return;
  const { context, width, height } = cleared(canvas);
  const start = end - seconds;
  const x = (at) => width - (end - at) * (width / seconds);
  const wave = { middle: height * 0.22, reach: height * 0.21 };
  const strip = { top: height * 0.46, height: 24 };
  const trace = { middle: height * 0.76, reach: height * 0.15 };
  const family = getComputedStyle(document.body).fontFamily;
  context.textBaseline = 'middle';

  context.font = `11px ${family}`;
  context.textAlign = 'center';
  for (let at = Math.max(0, Math.ceil(start / 10) * 10); at <= end; at += 10) {
    context.fillStyle = line;
    context.fillRect(x(at), 0, 1, height - 16);
    context.fillStyle = dim;
    if (x(at) > 16 && x(at) < width - 16) context.fillText(clock(at), x(at), height - 7);
  }
  for (const gap of state.gaps) {
    context.fillStyle = line;
    context.fillRect(x(gap.start), 0, Math.max(2, x(gap.end) - x(gap.start)), height - 16);
    context.fillStyle = text;
    context.fillText('×', (x(gap.start) + x(gap.end)) / 2, wave.middle);
  }

  // Bars at fixed times, so that they move without flicker.
  const step = 4 * (seconds / width);
  const bars = new Map();
  const raise = (at, part) => {
    const place = Math.floor(at / step);
    bars.set(place, Math.max(bars.get(place) ?? 0, part));
  };
  state.levels.forEach(({ at, dbfs }, number) => {
    const part = Math.max(0, 1 - dbfs / FLOOR_DBFS) ** 1.6;
    const before = state.levels[number - 1]?.at ?? at;
    for (let there = Math.max(before, at - 0.1); there < at; there += step / 2) raise(there, part);
  });
  // Times before the page was opened have no level.
  const measured = new Set(bars.keys());
  for (const { start: from, end: to, confidence } of state.intervals) {
    for (let at = Math.max(from, to - 0.25); at < to; at += step) {
      if (!measured.has(Math.floor(at / step))) raise(at, confidence * 0.5);
    }
  }
  let interval = 0;
  for (const [place, part] of [...bars].sort((one, other) => one[0] - other[0])) {
    const at = (place + 0.5) * step;
    if (at < start - 1) continue;
    while (interval < state.intervals.length && state.intervals[interval].end < at) interval += 1;
    const current = state.intervals[interval];
    const covered = current && at > current.end - 0.3;
    context.fillStyle = covered ? colour(current.label) : dim;
    context.globalAlpha = covered ? 1 : 0.45;
    const reach = Math.max(1, part * wave.reach);
    context.beginPath();
    context.roundRect(x(place * step), wave.middle - reach, 3, reach * 2, 1.5);
    context.fill();
  }
  context.globalAlpha = 1;

  // A row for each separately analyzed channel.
  const channels = [...new Set(state.utterances.map((entry) => entry.channel))].sort();
  const row = channels.length > 1 ? 32 / channels.length : strip.height;
  context.textAlign = 'left';
  context.font = `600 ${Math.min(13, row * 0.75)}px ${family}`;
  for (const entry of state.utterances) {
    if (entry.end < start) continue;
    const top = strip.top + row * channels.indexOf(entry.channel);
    const { shape, name } = look(entry.label);
    const [left, right] = [Math.max(-12, x(entry.start)), x(entry.end)];
    const ink = entry.label === 'uncertain' ? dim : colour(entry.label);
    context.fillStyle = ink;
    context.globalAlpha = 0.18;
    context.beginPath();
    context.roundRect(left, top, right - left, row - 1, 5);
    context.fill();
    context.globalAlpha = 1;
    context.fillRect(left, top + row - 3, right - left, 2);
    const long = `${shape} ${name}`;
    const room = right - Math.max(left, 0) - 12;
    const fitting = context.measureText(long).width <= room ? long : context.measureText(shape).width <= room ? shape : '';
    context.fillText(fitting, Math.max(left, 0) + 6, top + row / 2 - 1);
  }

  context.strokeStyle = line;
  context.beginPath();
  context.moveTo(0, trace.middle);
  context.lineTo(width, trace.middle);
  context.stroke();
  context.strokeStyle = text;
  context.lineWidth = 2;
  context.lineJoin = 'round';
  context.beginPath();
  const last = new Map(); // the point before, by channel
  for (const { end: at, arousal, channel: of } of state.intervals) {
    if (arousal == null) continue;
    const y = trace.middle - arousal * trace.reach;
    const before = last.get(of);
    if (before && at - before.at <= 0.6) {
      context.moveTo(x(before.at), before.y);
      context.lineTo(x(at), y);
    }
    last.set(of, { at, y });
  }
  context.stroke();
  context.lineWidth = 1;
  for (const at of state.marks) {
    context.fillStyle = text;
    context.fillRect(x(at), 0, 1, height - 16);
    context.fillText('⚑', x(at) + 2, 9);
  }
}

// Runs at every event; pictures wait for the next animation frame.
function changed(kind) {
  // These two only move the time.
  if (kind !== 'level' && kind !== 'position') news += 1;
  if (kind === 'labels') makeBars();
  if (kind === 'level') return;
  showCall();
  showState();
  showStanding();
  if (['measurement', 'session_start', 'labels', 'position'].includes(kind)) {
    showBars();
    showAffect();
  }
  if (['utterance_end', 'session_start', 'position', 'speakers'].includes(kind)) showUtterances();
  if (kind === 'measurement' && state.shown.final) {
    showUtterances();
    say();
  }
}

let painted = 0;

function paint(time) {
  requestAnimationFrame(paint);
  if (time - painted < (quiet.matches ? 500 : 30)) return;
  painted = time;
  showCall();
  showState();
  showStanding();
  showLevel();
  drawWhole();
  drawPast();
}

showState();
read(changed);
requestAnimationFrame(paint);
