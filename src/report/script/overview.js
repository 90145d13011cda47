// The overview: recordings or utterances, filtered, sorted and grouped; visible rows can be saved.

// Rows that are shown at first.
const FIRST_ROWS = 200;
const COLUMNS = {
  recordings: [["name", "recording"], ["length", "length"], ["speech", "speech"], ["utterances", "utterances"], ["", "sounds like, by seconds"], ["arousal", "arousal"]],
  utterances: [["name", "recording"], ["start", "time"], ["label", "sounds like"], ["confidence", "confidence"], ["", "probabilities"], ["arousal", "arousal"]],
};

// A speaker with the recording's name: letters are only unique within a recording.
function whose({ speaker }, { name }, listed) {
  return speaker && listed.length > 1 ? `${name}, ${speaker}` : speaker;
}

class Overview {
  constructor(table, listed, recordings) {
    this.table = table;
    this.listed = listed;
    this.labels = [...new Set(recordings.flatMap(({ data }) => data.labels))];
    this.looks = new Map(recordings.flatMap(({ data }) =>
      data.labels.map((label, i) => [label, { name: data.classes[i], shape: data.shapes[i] }])));
    const byId = new Map(recordings.map((recording) => [recording.section.id, recording]));
    this.utterances = listed.flatMap((entry) => {
      const recording = byId.get(entry.id);
      return (recording?.data.utterances ?? []).map((utterance) => ({
        ...utterance, speaker: whose(utterance, entry, listed), entry, recording, folder: entry.folder, name: recording.data.labels[utterance.label],
        model: recording.data.labels,
      }));
    });
    Object.assign(this, { view: "recordings", group: "", sort: "name", down: false, share: "", text: "", chosen: new Set(), all: false });
    this.addTools();
    this.draw();
  }

  look(label) {
    return this.looks.get(label) ?? { name: "c0", shape: "" };
  }

  addTools() {
    const groups = [["folder", "folder"], ["channel", "channel"], ["speaker", "speaker"]]
      .filter(([key]) => new Set(this.utterances.map((u) => u[key])).size > 1);
    const choose = (label, options, change) => {
      const select = element("select", {}, ...options.map(([value, text]) => element("option", { value }, text)));
      select.addEventListener("change", () => { change(select.value); this.draw(); });
      return element("label", {}, `${label} `, select);
    };
    this.views = ["recordings", "utterances"].map((view) =>
      button(view[0].toUpperCase() + view.slice(1), () => { this.view = view; this.sort = "name"; this.down = false; this.draw(); }));
    const found = this.labels.filter((label) => this.utterances.some((u) => u.name === label));
    this.chips = found.map((label) => {
      const { name, shape } = this.look(label);
      const chip = button("", () => this.choose(label), { class: "chip", "data-label": label });
      chip.append(element("span", { class: `swatch ${name}`, "aria-hidden": "true" }, shape), ` ${label}`);
      return chip;
    });
    const text = element("input", { type: "search", placeholder: "name", size: 14 });
    text.addEventListener("input", () => { this.text = text.value.toLowerCase(); this.draw(); });
    this.status = element("p", { class: "dim status", role: "status" });
    this.tools = element("div", { class: "overview-tools", role: "group", "aria-label": "What the table shows" },
      element("div", { class: "chips" }, ...this.views,
        ...(this.listed.length > 1 ? [element("label", {}, "Name has ", text)] : []),
        ...(groups.length ? [choose("Group by", [["", "nothing"], ...groups], (value) => { this.group = value; })] : []),
        choose("Order by share of", [["", "no label"], ...found.map((label) => [label, label])], (value) => { this.share = value; }),
        element("span", { class: "files" },
          button("CSV", () => this.keep("csv"), { "aria-label": "Download what is shown as CSV" }),
          button("JSON", () => this.keep("json"), { "aria-label": "Download what is shown as JSON" }))),
      element("div", { class: "chips" }, element("span", { class: "dim" }, "only"), ...this.chips));
    this.table.before(this.tools, this.status);
  }

  // A click on a label shows its utterances.
  choose(label) {
    if (!this.chosen.delete(label)) { this.chosen.add(label); this.view = "utterances"; }
    this.draw();
  }

  // The visible rows in groups, each row with its recording or utterance.
  groups() {
    const fits = (entry) => entry.name.toLowerCase().includes(this.text);
    const seen = this.utterances.filter((u) =>
      fits(u.entry) && (!this.chosen.size || this.chosen.has(u.name)));
    const keyOf = (u) => (this.group ? String(u[this.group] ?? "unknown") : "");
    const groups = new Map();
    const group = (key) => groups.get(key) ?? groups.set(key, { key, utterances: [], silent: [] }).get(key);
    for (const utterance of seen) { group(keyOf(utterance)).utterances.push(utterance); }
    if (this.view === "recordings" && !this.chosen.size) {
      const spoken = new Set(seen.map((u) => u.entry));
      for (const entry of this.listed) {
        if (!spoken.has(entry) && fits(entry)) { group(this.group === "folder" ? entry.folder : "").silent.push(entry); }
      }
    }
    return [...groups.values()].sort((a, b) => a.key.localeCompare(b.key, undefined, { numeric: true }))
      .map((one) => ({ ...one, sums: sum(one.utterances, this.labels), rows: this.rows(one) }));
  }

  rows({ utterances, silent }) {
    const rows = this.view === "utterances"
      ? utterances.map((u) => ({ utterance: u, entry: u.entry, start: u.start_s, label: u.name, confidence: u.confidence, arousal: u.arousal, sums: sum([u], this.labels), share: u.shares[u.model.indexOf(this.share)] }))
      : [...Map.groupBy(utterances, (u) => u.entry), ...silent.map((entry) => [entry, []])].map(([entry, own]) => {
        const sums = sum(own, this.labels);
        return { entry, sums, length: entry.length_s, speech: sums.speech, utterances: sums.utterances, arousal: sums.arousal, share: (sums.seconds.get(this.share) ?? 0) / (sums.speech || 1) };
      });
    const order = this.listed;
    const compare = (a, b) => {
      if (this.share) { return (b.share ?? 0) - (a.share ?? 0); }
      const [x, y] = [a[this.sort], b[this.sort]];
      const first = this.sort === "name" ? order.indexOf(a.entry) - order.indexOf(b.entry)
        : typeof x === "string" ? x.localeCompare(y) : (x ?? -2) - (y ?? -2);
      return this.down ? -first : first;
    };
    return rows.sort(compare);
  }

  draw() {
    const groups = this.groups(), rows = groups.reduce((count, one) => count + one.rows.length, 0);
    this.views.forEach((view, i) => view.setAttribute("aria-pressed", String(Object.keys(COLUMNS)[i] === this.view)));
    for (const chip of this.chips) { chip.setAttribute("aria-pressed", String(this.chosen.has(chip.dataset.label))); }
    const body = element("tbody");
    let left = this.all ? Infinity : FIRST_ROWS;
    for (const one of groups) {
      if (this.group) { body.append(this.sumRow(`${this.group} ${one.key}`, one, "group")); }
      body.append(...one.rows.slice(0, Math.max(0, left)).map((row) => this.row(row)));
      left -= one.rows.length;
    }
    const all = { sums: sum(groups.flatMap((one) => one.utterances), this.labels), rows: groups.flatMap((one) => one.rows) };
    this.table.replaceChildren(this.table.caption, this.head(), body);
    if (rows > 1) { this.table.append(element("tfoot", {}, this.sumRow("total", all, "total"))); }
    const total = this.view === "recordings" ? this.listed.length : this.utterances.length;
    // A recording may be in several groups.
    const shown = this.view === "recordings" ? new Set(all.rows.map((row) => row.entry)).size : rows;
    this.status.textContent = `${shown} of ${total} ${total === 1 ? this.view.slice(0, -1) : this.view}`;
    if (left < 0) { this.status.append(" ", button(`Show ${-left} more`, () => { this.all = true; this.draw(); })); }
  }

  head() {
    const row = element("tr");
    for (const [key, text] of COLUMNS[this.view]) {
      const cell = element("th", { scope: "col", class: ["length", "speech", "utterances", "arousal", "confidence"].includes(key) && "number" });
      if (key) {
        const sorted = this.sort === key && !this.share;
        cell.setAttribute("aria-sort", sorted ? (this.down ? "descending" : "ascending") : "none");
        cell.append(button(text + (sorted ? (this.down ? " ▾" : " ▴") : ""), () => {
          this.down = this.sort === key && !this.share ? !this.down : key !== "name" && key !== "start";
          this.sort = key;
          this.share = "";
          this.tools.querySelectorAll("select").forEach((select) => { if (select.options[0].text === "no label") { select.value = ""; } });
          this.draw();
          this.table.querySelectorAll("thead button").forEach((other) => { if (other.textContent.startsWith(text)) { other.focus(); } });
        }, { class: "sort" }));
      } else {
        cell.append(text);
      }
      row.append(cell);
    }
    return element("thead", {}, row);
  }

  row({ entry, sums, utterance }) {
    const name = element("td", {}, element("a", { href: `#${entry.id}` }, entry.name));
    if (utterance) {
      const { recording, start_s, end_s, confidence, shares, arousal, model } = utterance;
      const likely = shares.map((share, i) => [share, model[i]]).sort((a, b) => b[0] - a[0]).slice(0, 3)
        .map(([share, label]) => `${label} ${percent(share)}`).join(", ");
      const time = button(`${clock(start_s)} – ${clock(end_s)}`, () => {
        recording.goTo(start_s, true);
        recording.timeline.scrollIntoView({ block: "center" });
        recording.timeline.focus({ preventScroll: true });
      });
      const { name: hue, shape } = this.look(utterance.name);
      return element("tr", {}, name, element("td", {}, time),
        element("td", { class: "label" }, element("span", { class: `swatch ${hue}`, "aria-hidden": "true" }, shape), ` ${utterance.name}`),
        numberCell(percent(confidence), "sure"), element("td", { class: "dim" }, likely), arousalCell(arousal));
    }
    const result = entry.error ? `failed: ${entry.error}` : sums.speech ? inWords(sums) : "no speech";
    const cell = element("td", { class: "sounds" });
    if (sums.speech) { cell.append(stackedBar(sums, (label) => this.look(label))); }
    cell.append(element("span", { class: "words" }, result));
    return element("tr", {}, name, numberCell(clock(entry.length_s, false), "long"), numberCell(clock(sums.speech, false), "of speech"),
      countCell(sums.utterances), cell, arousalCell(sums.arousal));
  }

  // The sum of a group, or of all rows.
  sumRow(name, { sums, rows }, kind) {
    const length = [...new Set(rows.map((row) => row.entry))].reduce((total, entry) => total + entry.length_s, 0);
    const cell = element("td", { class: "sounds", colspan: this.view === "utterances" ? 2 : 1 });
    if (sums.speech) { cell.append(stackedBar(sums, (label) => this.look(label))); }
    cell.append(element("span", { class: "words" }, inWords(sums)));
    const lengths = this.view === "utterances" ? [numberCell(clock(sums.speech, false), "of speech"), countCell(sums.utterances)]
      : [numberCell(clock(length, false), "long"), numberCell(clock(sums.speech, false), "of speech"), countCell(sums.utterances)];
    return element("tr", { class: kind }, element("th", { scope: "row" }, name), ...lengths, cell, arousalCell(sums.arousal));
  }

  // Saves the visible rows as a file.
  keep(type) {
    const rows = this.groups().flatMap(({ key, rows }) => rows.map((row) => ({
      ...(this.group ? { [this.group]: key } : {}), ...(row.utterance ? this.keptUtterance(row.utterance) : this.keptRecording(row)),
    })));
    const text = type === "csv" ? csv(rows) : `${JSON.stringify(rows, null, 1)}\n`;
    download(`${this.view}.${type}`, type === "csv" ? "text/csv" : "application/json", text);
  }

  keptRecording({ entry, sums }) {
    const seconds = [...sums.seconds].map(([label, s]) => [`${label}_s`, Math.round(s * 1000) / 1000]);
    return { file: entry.name, length_s: entry.length_s, speech_s: Math.round(sums.speech * 1000) / 1000, utterances: sums.utterances,
      arousal: sums.arousal === undefined ? undefined : Math.round(sums.arousal * 1000) / 1000, ...Object.fromEntries(seconds), error: entry.error ?? undefined };
  }

  keptUtterance(u) {
    const shares = Object.fromEntries(u.shares.map((share, i) => [u.model[i], share]));
    return { file: u.entry.name, channel: u.channel ?? undefined, speaker: u.speaker ?? undefined, start_s: u.start_s, end_s: u.end_s, label: u.name,
      confidence: u.confidence, ...shares, arousal: u.arousal ?? undefined, valence: u.valence ?? undefined, reason: u.reason ?? undefined };
  }
}
