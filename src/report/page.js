"use strict";
// Moves a mark along each timeline, by mouse, keys, the list of utterances or the audio.

const LEFT = Number(document.body.dataset.left), RIGHT = Number(document.body.dataset.right);
const WIDTH = Number(document.body.dataset.width);

function clock(seconds) {
  const tenths = Math.round(Math.max(0, seconds) * 10);
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
}

function percent(share) {
  return `${Math.round(share * 100)} %`;
}

class Timeline {
  constructor(section) {
    this.data = JSON.parse(section.querySelector("script").textContent);
    this.figure = section.querySelector(".timeline");
    this.output = section.querySelector("output");
    this.audio = section.querySelector("audio");
    this.rows = [...section.querySelectorAll("tr[data-start]")];
    this.cursor = section.querySelector(".cursor");
    this.at = 0;
    this.figure.addEventListener("click", (event) => this.click(event));
    this.figure.addEventListener("keydown", (event) => this.key(event));
    for (const row of this.rows) {
      row.querySelector("button").addEventListener("click", () => {
        this.seek(Number(row.dataset.start), true);
      });
    }
    this.audio?.addEventListener("timeupdate", () => this.move(this.audio.currentTime));
    this.move(0);
  }

  click(event) {
    const box = this.figure.querySelector("svg").getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    this.seek(((x - LEFT) / (RIGHT - LEFT)) * this.data.length_s, false);
  }

  key(event) {
    const step = event.shiftKey ? 5 : 0.5;
    const to = {
      ArrowLeft: this.at - step, ArrowDown: this.at - step,
      ArrowRight: this.at + step, ArrowUp: this.at + step,
      PageDown: this.at - 30, PageUp: this.at + 30,
      Home: 0, End: this.data.length_s,
    }[event.key];
    if (event.key === " " && this.audio) {
      if (this.audio.paused) { this.audio.play(); } else { this.audio.pause(); }
    } else if (to === undefined) {
      return;
    } else {
      this.seek(to, false);
    }
    event.preventDefault();
  }

  seek(seconds, play) {
    this.move(seconds);
    if (this.audio) {
      this.audio.currentTime = this.at;
      if (play) { this.audio.play().catch(() => {}); }
    }
  }

  move(seconds) {
    this.at = Math.min(Math.max(seconds, 0), this.data.length_s);
    const x = LEFT + (RIGHT - LEFT) * (this.at / Math.max(this.data.length_s, 0.1));
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
    const text = this.describe();
    this.output.textContent = text;
    this.figure.setAttribute("aria-valuenow", this.at.toFixed(1));
    this.figure.setAttribute("aria-valuetext", text);
    for (const row of this.rows) {
      const within = Number(row.dataset.start) <= this.at && this.at < Number(row.dataset.end);
      if (within) { row.setAttribute("aria-current", "true"); } else { row.removeAttribute("aria-current"); }
    }
  }

  // The judgement of the window that ends next, within the step that it adds.
  describe() {
    const judged = this.data.windows.find(([end]) => end >= this.at);
    if (!judged || judged[0] - this.at > 0.3) {
      return `${clock(this.at)}: no judgement here`;
    }
    const [, label, shares, arousal, valence] = judged;
    const order = shares.map((share, i) => [share, this.data.labels[i]]).sort((a, b) => b[0] - a[0]);
    const first = order.slice(0, 3).map(([share, name]) => `${name} ${percent(share)}`).join(", ");
    const sides = [["arousal", arousal], ["valence", valence]]
      .filter(([, value]) => typeof value === "number")
      .map(([name, value]) => `, ${name} ${value.toFixed(2)}`).join("");
    return `${clock(this.at)}: ${label} (${first}${sides})`;
  }
}

for (const section of document.querySelectorAll("details.recording")) {
  if (section.querySelector(".timeline")) { new Timeline(section); }
}

const themes = ["as the system", "light", "dark"];
const button = document.getElementById("theme");
button.hidden = false;
button.addEventListener("click", () => {
  const next = themes[(themes.indexOf(button.dataset.now) + 1) % themes.length];
  button.dataset.now = next;
  button.textContent = `Colours: ${next}`;
  if (next === themes[0]) { delete document.documentElement.dataset.theme; }
  else { document.documentElement.dataset.theme = next; }
});

// A link to a recording opens it.
function open() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target) { target.open = true; }
}
window.addEventListener("hashchange", open);
open();
