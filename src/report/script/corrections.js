// Labels that the reader corrects, saved as a CSV for training.

class Corrections {
  constructor(recordings, after) {
    this.recordings = recordings;
    this.made = new Map(recordings.map((recording) => [recording, new Map()]));
    this.status = element("span", { role: "status" });
    this.toggle = button("Correct labels", () => this.show(), { "aria-pressed": "false" });
    this.keep = button("Download labels for training", () => this.download());
    this.all = element("input", { type: "checkbox" });
    const whole = element("label", {}, this.all, " with the labels that were not changed");
    this.more = element("span", { class: "chips", hidden: "" }, this.keep, whole);
    this.root = element("div", { class: "corrections chips", role: "group", "aria-label": "Corrected labels" }, this.toggle, this.more, this.status);
    after.after(this.root);
    for (const recording of recordings) { if (recording.list) { this.addTo(recording); } }
  }

  // Shows or hides the selectors of labels.
  show() {
    const on = document.body.classList.toggle("correcting");
    this.toggle.setAttribute("aria-pressed", String(on));
    this.more.hidden = !on;
    for (const { list } of this.recordings) { if (on && list) { list.open = true; } }
    if (on) { this.status.textContent = "Choose a label in the list of a recording."; }
  }

  // A selector in each row, and a field for the speaker.
  addTo(recording) {
    const { data, list, rows } = recording, labels = data.labels.slice(0, -1);
    const head = list.querySelector("thead tr");
    head.append(element("th", { scope: "col", class: "correct" }, "correct to"));
    rows.forEach((row, i) => {
      const time = row.querySelector("button").textContent;
      const select = element("select", { "aria-label": `Correct label of ${time}` }, element("option", { value: "" }, "as predicted"), ...labels.map((label) => element("option", { value: label }, label)));
      select.addEventListener("change", () => this.correct(recording, i, select.value, row));
      row.append(element("td", { class: "correct" }, select));
    });
    const folder = data.file.split(/[/\\]/).slice(0, -1).at(-1) ?? "";
    recording.speaker = element("input", { type: "text", value: folder, size: 12 });
    list.querySelector("summary").after(element("p", { class: "speaker" }, element("label", {}, "Speaker of this recording ", recording.speaker)));
  }

  correct(recording, i, label, row) {
    const made = this.made.get(recording);
    if (label) { made.set(i, label); } else { made.delete(i); }
    row.classList.toggle("corrected", Boolean(label));
    const count = [...this.made.values()].reduce((sum, one) => sum + one.size, 0);
    this.status.textContent = count === 1 ? "1 label corrected." : `${count} labels corrected.`;
  }

  // A row for each label: with start and end where a recording has several utterances.
  rows() {
    return this.recordings.flatMap((recording) => recording.data.utterances.flatMap((utterance, i) => {
      const predicted = recording.data.labels[utterance.label];
      const label = this.made.get(recording).get(i) ?? (this.all.checked && utterance.label < recording.data.labels.length - 1 ? predicted : undefined);
      if (!label) { return []; }
      // A typed name has priority; letters are only unique within a recording.
      const { value = "", defaultValue } = recording.speaker ?? {};
      const speaker = value === defaultValue ? [value, utterance.speaker].filter(Boolean).join(" ") : value;
      const row = { path: recording.data.file, label, speaker };
      return [recording.data.utterances.length > 1 || utterance.channel ? { ...row, start: utterance.start_s, end: utterance.end_s } : row];
    }));
  }

  download() {
    const rows = this.rows();
    if (!rows.length) { this.status.textContent = "No label corrected yet: choose one in the list of a recording."; return; }
    download("labels.csv", "text/csv", csv(rows, true));
  }
}
