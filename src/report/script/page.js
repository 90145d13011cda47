// Starts the parts of the page.

const recordings = [...document.querySelectorAll("details.recording")].flatMap((section, i) =>
  section.querySelector(".timeline") ? [new Recording(section, i + 1)] : []);

const listed = JSON.parse(document.getElementById("entries").textContent);
const summary = document.getElementById("summary");
if (recordings.length) {
  new Overview(summary, listed, recordings);
  new Corrections(recordings, summary);
}
if (recordings.length > 1) { new Compare(recordings, document.querySelector(".corrections")); }

const themes = ["as the system", "light", "dark"];
const theme = document.getElementById("theme");
theme.hidden = false;
theme.addEventListener("click", () => {
  const next = themes[(themes.indexOf(theme.dataset.now) + 1) % themes.length];
  theme.dataset.now = next;
  theme.textContent = `Colours: ${next}`;
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
