"use strict";
// Text and elements, used by every part of the page.

function clock(seconds, tenths = true) {
  const all = tenths ? Math.round(Math.max(0, seconds) * 10) : Math.floor(Math.max(0, seconds) + 1e-6) * 10;
  const [hours, minutes] = [Math.floor(all / 36000), Math.floor(all / 600) % 60];
  const rest = String(Math.floor(all / 10) % 60).padStart(2, "0") + (tenths ? `.${all % 10}` : "");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function percent(share) {
  return `${Math.round(share * 100)} %`;
}

// A number with its sign, or nothing.
function signed(value) {
  return typeof value === "number" ? `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}` : "";
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function markup(text) {
  return String(text).replace(/[&<>"]/g, (c) => ENTITIES[c]);
}

// An element with attributes and children; text is text.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) { made.setAttribute(key, value); }
  }
  made.append(...children);
  return made;
}

function button(text, press, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", press);
  return made;
}

function clamp(value, least, most) {
  return Math.min(Math.max(value, least), most);
}

// The index of the first item that is not before `value`.
function lowerBound(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) { low = middle + 1; } else { high = middle; }
  }
  return low;
}
