// The overlay: the word, a bar of its probability, and options from the address.

const find = (selector) => document.querySelector(selector);
const options = new URLSearchParams(location.search);

// A number from the address, within limits.
function number(name, least, most, usual) {
  const value = Number.parseFloat(options.get(name) ?? '');
  return Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : usual;
}

const hold = number('hold', 0, 86400, 8);
document.documentElement.style.setProperty('--size', `${number('size', 12, 600, 96)}px`);
if (['center', 'right'].includes(options.get('align'))) document.body.className = options.get('align');
find('#bar').hidden = options.get('bar') === '0';
find('#labels').hidden = options.get('labels') !== '1';

function part(name, className, text) {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text ?? '';
  return element;
}

let drawn = '';

function show() {
  const { shape, words, share, small } = call();
  const prediction = state.shown?.prediction;
  const box = find('#overlay');
  const old = state.shown?.final && age() > hold;
  box.classList.toggle('away', Boolean(small) || state.link !== 'open' || Boolean(old));
  box.classList.toggle('faded', faded());
  const percentage = share == null ? '' : percent(share);
  const key = JSON.stringify([shape, words, percentage, prediction?.end_s]);
  // The word stays while it fades.
  if (key === drawn || small) return;
  drawn = key;
  find('.shape').textContent = shape;
  find('.share').textContent = percentage;
  find('.words').replaceChildren(
    ...words.map((word) => {
      const element = part('span', '', word.text);
      element.style.setProperty('--ink', word.ink);
      return element;
    }),
  );
  box.style.setProperty('--ink', share == null ? 'var(--text)' : words[0].ink);
  find('#bar span').style.width = `${(prediction?.confidence ?? 0) * 100}%`;
  if (options.get('labels') === '1') showLabels(prediction);
}

function showLabels(prediction) {
  const rows = state.labels.map(({ label, shape, color }) => {
    const row = part('li', '');
    row.style.setProperty('--ink', `var(--c${color})`);
    const track = part('span', 'track');
    const fill = part('span', 'fill');
    fill.style.transform = `scaleX(${prediction?.probabilities[label] ?? 0})`;
    track.append(fill);
    row.append(part('span', 'mark', shape), part('span', 'name', label), track);
    return row;
  });
  find('#labels').replaceChildren(...rows);
}

read((kind) => {
  if (kind !== 'level') show();
});
setInterval(show, 500);
