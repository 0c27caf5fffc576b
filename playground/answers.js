// Answers the page's questions here, where the service would: the page is the service's own.
"use strict";

const [PATCH, STEP] = [6, 2]; // of occlusion: side of the square, and how far it moves
let thought = 0; // number of the last question about importance

// The steps of serialization/rest/prepare.py for black ink on white paper, which the canvas is.
function prepare(drawing) {
  const { width, height } = drawing;
  const context = drawing.getContext("2d");
  const image = context.getImageData(0, 0, width, height);
  let [top, left, bottom, right] = [height, width, -1, -1];
  for (let i = 0; i < width * height; i += 1) {
    if (image.data[4 * i] > 127) continue; // surely drawn is what is darker
    const [row, column] = [Math.floor(i / width), i % width];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    [left, right] = [Math.min(left, column), Math.max(right, column)];
  }
  if (bottom < 0) return null;
  const [high, wide] = [bottom - top + 1, right - left + 1];
  const factor = 20 / Math.max(high, wide);
  const [rows, columns] = [high, wide].map((side) => Math.max(1, Math.round(side * factor)));
  const small = halved(drawing, left, top, wide, high, columns, rows);
  let ink = Array.from({ length: rows * columns }, (_, i) => 1 - small[4 * i] / 255);
  const most = Math.max(...ink);
  ink = ink.map((value) => value / most);
  const sum = ink.reduce((a, b) => a + b);
  const middle = (place) => ink.reduce((all, value, i) => all + value * place(i), 0) / sum;
  const fit = (centre, side) => Math.min(Math.max(Math.round(14 - centre), 0), 28 - side);
  const down = fit(middle((i) => Math.floor(i / columns)), rows);
  const across = fit(middle((i) => i % columns), columns);
  const pixels = Array.from({ length: 28 }, () => Array(28).fill(0));
  ink.forEach((value, i) => {
    pixels[down + Math.floor(i / columns)][across + (i % columns)] = Math.round(255 * value);
  });
  return pixels;
}

// Shrinks by halves, so that each new pixel is a mean of all that it stands for.
function halved(source, left, top, wide, high, columns, rows) {
  let [canvas, box] = [source, [left, top, wide, high]];
  for (;;) {
    const last = box[2] < 2 * columns && box[3] < 2 * rows;
    const next = document.createElement("canvas");
    next.width = last ? columns : Math.max(columns, Math.ceil(box[2] / 2));
    next.height = last ? rows : Math.max(rows, Math.ceil(box[3] / 2));
    const context = next.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.drawImage(canvas, ...box, 0, 0, next.width, next.height);
    [canvas, box] = [next, [0, 0, next.width, next.height]];
    if (last) return context.getImageData(0, 0, columns, rows).data;
  }
}

function predictPixels(pixels) {
  const { logits } = forward(pixels.flat());
  const probabilities = softmax(logits, DATA.limits.temperature);
  return {
    digit: logits.indexOf(Math.max(...logits)),
    probabilities,
    looks_like_digit: likeness(logits) >= DATA.limits.least_likeness,
    pixels,
    model: "The network in this page",
  };
}

function packed(values) {
  const most = Math.max(...values) || 1;
  const grey = Array.from(values, (value) => Math.round((255 * Math.max(0, value)) / most));
  return btoa(String.fromCharCode(...grey));
}

// All of a layer's maps, one behind the other.
function packedMaps({ name, height, width, count, values }) {
  const size = height * width;
  const maps = values.map((_, i) => values[(i % size) * count + Math.floor(i / size)]);
  return { name, height, width, count, maps: packed(maps) };
}

// How much of the logarithm of its probability a digit loses if a square of the image is covered.
async function occlude(pixels, digit, question) {
  const whole = Math.log(softmax(forward(pixels).logits)[digit]);
  const importance = new Float32Array(28 * 28);
  const margin = (PATCH - STEP) / 2;
  for (let top = 0; top < 28; top += STEP) {
    await new Promise(requestAnimationFrame); // the hand that draws comes first
    if (question !== thought) return null;
    for (let left = 0; left < 28; left += STEP) {
      const covered = pixels.map((value, i) => {
        const [row, column] = [Math.floor(i / 28), i % 28];
        const inside = (at, from) => at >= from - margin && at < from + STEP + margin;
        return inside(row, top) && inside(column, left) ? 0 : value;
      });
      const loss = whole - Math.log(Math.max(softmax(forward(covered).logits)[digit], 1e-30));
      for (let i = 0; i < STEP * STEP; i += 1) {
        importance[(top + Math.floor(i / STEP)) * 28 + left + (i % STEP)] = loss;
      }
    }
  }
  return importance;
}

async function think({ pixels }) {
  thought += 1;
  const { layers, logits } = forward(pixels.flat());
  const digit = logits.indexOf(Math.max(...logits));
  const answer = { digit, layers: layers.map(packedMaps), importance: packed(new Float32Array(784)) };
  layersBox.replaceChildren(...answer.layers.map(showLayer)); // at once: what matters takes longer
  const importance = await occlude(pixels.flat(), digit, thought);
  if (importance) answer.importance = packed(importance);
  return answer;
}

function someDigit(value) {
  const bytes = Uint8Array.from(atob(DATA.digits[value]), (letter) => letter.charCodeAt(0));
  return { pixels: Array.from({ length: 28 }, (_, row) => [...bytes.slice(28 * row, 28 * row + 28)]) };
}

window.fetch = async (address, { body } = {}) => {
  const answered = (value) => ({ ok: true, json: async () => value });
  if (address === "think") return answered(await think(JSON.parse(body)));
  if (address.startsWith("digit/")) return answered(someDigit(Number(address.slice(6))));
  const pixels = prepare(canvas);
  if (pixels) return answered(predictPixels(pixels));
  const error = { message: "there is nothing on the paper" };
  return { ok: false, json: async () => ({ error }) };
};
