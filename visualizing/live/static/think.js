// After each answer that draw.js gets: ask what the layers made of the image, and show it.
"use strict";

const GAP = 1; // pixels between two maps
const layersBox = document.getElementById("layers");
const important = document.getElementById("important").getContext("2d");
let asked = 0; // number of the last question

function unpack(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// The image in grey, and in orange what the answer would lose most without.
function showImportance(pixels, importance) {
  const image = important.createImageData(28, 28);
  pixels.flat().forEach((grey, i) => {
    const heat = importance[i];
    const quiet = 0.45 * grey * (1 - heat / 255);
    image.data.set([Math.max(quiet, heat), quiet + 0.35 * heat, quiet, 255], 4 * i);
  });
  important.putImageData(image, 0, 0);
}

// All maps of a layer in one canvas, as ink on paper, side by side.
function showLayer(layer) {
  const { name, height, width, count } = layer;
  const maps = unpack(layer.maps);
  const columns = Math.min(width > 13 ? 16 : 32, count); // maps side by side
  const canvas = document.createElement("canvas");
  canvas.width = columns * (width + GAP) - GAP;
  canvas.height = Math.ceil(count / columns) * (height + GAP) - GAP;
  const context = canvas.getContext("2d");
  context.fillStyle = "#c9c8c3";
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (let number = 0; number < count; number += 1) {
    const image = context.createImageData(width, height);
    for (let i = 0; i < width * height; i += 1) {
      const ink = 255 - maps[number * width * height + i];
      image.data.set([ink, ink, ink, 255], 4 * i);
    }
    const column = number % columns;
    context.putImageData(image, column * (width + GAP), ((number - column) / columns) * (height + GAP));
  }
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const what = height * width === 1 ? `${count} neurons` : `${count} maps of ${height} × ${width}`;
  caption.textContent = `${name}: ${what}`;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", caption.textContent);
  figure.append(caption, canvas);
  return figure;
}

document.addEventListener("answer", async ({ detail }) => {
  asked += 1;
  const question = asked;
  const body = JSON.stringify({ pixels: detail.pixels });
  const headers = { "Content-Type": "application/json" };
  try {
    const response = await fetch("think", { method: "POST", headers, body });
    const thought = await response.json();
    if (question !== asked) return;
    if (!response.ok) throw new Error(thought.error.message);
    showImportance(detail.pixels, unpack(thought.importance));
    layersBox.replaceChildren(...thought.layers.map(showLayer));
  } catch (error) {
    if (question === asked) say(`No layers: ${error.message}`, true);
  }
});

document.addEventListener("cleared", () => {
  asked += 1;
  layersBox.replaceChildren();
  important.clearRect(0, 0, 28, 28);
});

let wanted; // the digit of the last key

// A digit of MNIST on the canvas, for those who cannot or do not want to draw.
async function fetchDigit(value) {
  wanted = value;
  const response = await fetch(`digit/${value}`);
  const { pixels, error } = await response.json();
  if (wanted !== value) return; // another key came since
  if (!response.ok) throw new Error(error.message);
  clear();
  const small = document.createElement("canvas");
  small.width = small.height = 28;
  const image = small.getContext("2d").createImageData(28, 28);
  pixels.flat().forEach((grey, i) => image.data.set([255 - grey, 255 - grey, 255 - grey, 255], 4 * i));
  small.getContext("2d").putImageData(image, 0, 0);
  pen.drawImage(small, 0, 0, canvas.width, canvas.height);
  drawn = true;
  await predict();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (!/^[0-9]$/.test(event.key)) return;
  fetchDigit(event.key).catch((error) => say(`No digit: ${error.message}`, true));
});
