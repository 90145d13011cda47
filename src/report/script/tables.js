// Rows of the overview: stacked bars, sums over recordings and groups.

// A sum of utterances: seconds of each label, mean arousal weighted by seconds.
function sum(utterances, labels) {
  const seconds = new Map(labels.map((label) => [label, 0]));
  let [speech, aroused, weighed] = [0, 0, 0];
  for (const { start_s, end_s, name, arousal } of utterances) {
    const length = end_s - start_s;
    speech += length;
    seconds.set(name, (seconds.get(name) ?? 0) + length);
    if (typeof arousal === "number") { aroused += arousal * length; weighed += length; }
  }
  return { seconds, speech, utterances: utterances.length, arousal: weighed ? aroused / weighed : undefined };
}

// Labels with their seconds, the longest first.
function ranked(seconds) {
  return [...seconds].filter(([, s]) => s > 0).sort((a, b) => b[1] - a[1]);
}

function inWords(sums) {
  const parts = ranked(sums.seconds).map(([label, s]) => `${label} ${percent(s / sums.speech)}`);
  // Label, number and sign stay on one line.
  return parts.map((part) => part.replaceAll(" ", "\u00a0")).join(", ");
}

// One bar as wide as the cell, a part for each label in the model's order.
function stackedBar(sums, look) {
  const bar = element("div", { class: "stacked", "aria-hidden": "true" });
  for (const [label, s] of sums.seconds) {
    if (s <= 0) { continue; }
    const { name, shape } = look(label), share = s / sums.speech;
    const part = element("span", { class: name, title: `${label} ${percent(share)}, ${clock(s)}` }, share > 0.04 ? shape : "");
    part.style.flexGrow = share;
    bar.append(part);
  }
  return bar;
}

// A dot between calm and excited.
function arousalCell(value) {
  const cell = element("td", { class: "number", "data-unit": "arousal" });
  if (typeof value === "number") {
    const dot = element("i");
    dot.style.left = `${50 + 50 * clamp(value, -1, 1)}%`;
    cell.append(element("span", { class: "scale", "aria-hidden": "true" }, dot), signed(value));
  }
  return cell;
}

function numberCell(text, unit) {
  return element("td", { class: "number", "data-unit": unit }, String(text));
}

function countCell(utterances) {
  return numberCell(utterances, utterances === 1 ? "utterance" : "utterances");
}

// Downloads a file made from the data of the page.
function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

// CSV for a spreadsheet, or `plain` for a program.
function csv(rows, plain = false) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (value) => {
    // A name that begins like a formula stays text in a spreadsheet.
    const text = !plain && typeof value === "string" && /^[=+@\t\r-]/.test(value) ? `'${value}` : String(value ?? "");
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return [columns, ...rows.map((row) => columns.map((column) => row[column]))]
    .map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}
