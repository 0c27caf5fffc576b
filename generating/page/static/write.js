// Ask for a number and show it step by step; drag across the map and show the digit there.
"use strict";

const SIDE = 28; // pixels of a digit
const STEP = 60; // milliseconds from one step to the next
const element = (name) => document.getElementById(name);
const slider = element("time");
let steps = []; // of the last answer: the grey levels of all digits, side by side
let seed = 1;
let playing = 0; // the timer that moves the slider
let latest = 0; // the number of the last question: answers may overtake one another

function say(text, isError = false) {
  element("status").textContent = text;
  element("status").classList.toggle("error", isError);
}

function unpack(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// Digits in a row or in rows of so many, as ink of light on black.
function show(canvas, pixels, columns) {
  const count = pixels.length / SIDE ** 2;
  canvas.width = columns * SIDE;
  canvas.height = Math.ceil(count / columns) * SIDE;
  const context = canvas.getContext("2d");
  for (let number = 0; number < count; number += 1) {
    const image = context.createImageData(SIDE, SIDE);
    for (let i = 0; i < SIDE ** 2; i += 1) {
      const grey = pixels[number * SIDE ** 2 + i];
      image.data.set([grey, grey, grey, 255], 4 * i);
    }
    context.putImageData(image, (number % columns) * SIDE, Math.floor(number / columns) * SIDE);
  }
}

async function ask(path, question) {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(question) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error.message);
  return answer;
}

function showStep() {
  const pixels = steps[slider.value];
  if (pixels) show(element("digits"), pixels, pixels.length / SIDE ** 2);
}

function play() {
  clearInterval(playing);
  if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
    slider.value = slider.max;
    return showStep();
  }
  slider.value = 0;
  showStep();
  playing = setInterval(() => {
    slider.value = Number(slider.value) + 1;
    showStep();
    if (slider.value === slider.max) clearInterval(playing);
  }, STEP);
}

async function write() {
  const question = (latest += 1);
  say("…");
  try {
    const start = performance.now();
    const answer = await ask("write", { number: element("number").value, seed });
    if (question !== latest) return;
    const pixels = unpack(answer.images);
    const size = pixels.length / (answer.steps + 1);
    steps = Array.from({ length: answer.steps + 1 }, (_, i) => pixels.slice(i * size, (i + 1) * size));
    slider.max = answer.steps;
    play();
    say(`${answer.number}, written in ${Math.round(performance.now() - start)} ms`);
  } catch (error) {
    if (question === latest) say(error.message, true);
  }
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  write();
});
element("again").addEventListener("click", () => {
  seed += 1;
  write();
});
slider.addEventListener("input", () => {
  clearInterval(playing);
  showStep();
});

// The map: one question at a time, and the last place is never forgotten.
const map = element("map");
let place = [0.5, 0.5]; // across and down, from 0 to 1
let asking = false;
let wanted = false;

async function showPlace() {
  wanted = true;
  if (asking) return;
  asking = true;
  try {
    while (wanted) {
      wanted = false;
      const [across, down] = place;
      const answer = await ask("point", { across, down });
      show(element("point"), unpack(answer.image), 1);
      element("place").textContent = `${across.toFixed(2)} across, ${down.toFixed(2)} down`;
    }
  } catch (error) {
    say(error.message, true);
  }
  asking = false;
}

function moveTo(across, down) {
  place = [across, down].map((value) => Math.min(1, Math.max(0, value)));
  showPlace();
}

function follow(event) {
  if (event.type === "pointermove" && event.pointerType === "touch" && !event.isPrimary) return;
  const box = map.getBoundingClientRect();
  moveTo((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
}

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

async function prepareMap() {
  const answer = await (await fetch("map")).json();
  show(map, unpack(answer.images), answer.side);
  map.addEventListener("pointerdown", follow);
  map.addEventListener("pointermove", follow);
  map.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS)) return;
    event.preventDefault();
    moveTo(place[0] + 0.02 * KEYS[event.key][0], place[1] + 0.02 * KEYS[event.key][1]);
  });
  showPlace();
}

write();
if (map) prepareMap();
