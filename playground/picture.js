// Draws the network: the surface of every neuron over the plane, and the weights as lines.
"use strict";

const [CELLS, EDGE] = [48, 1.2]; // cells along a side of a surface; it reaches from -EDGE to EDGE
const centre = (n) => EDGE * ((2 * n + 1) / CELLS - 1);
// Row by row from the top.
const PLANE = [(n) => centre(n % CELLS), (n) => -centre(Math.floor(n / CELLS))].map((place) =>
  Float64Array.from({ length: CELLS ** 2 }, (_, n) => place(n)),
);
const pixels = new ImageData(CELLS, CELLS);
const pixelColors = new Uint32Array(pixels.data.buffer);
let colors, palette; // of the mode, light or dark

function readColors() {
  const style = getComputedStyle(document.documentElement);
  const names = ["low", "middle", "high", "text", "quiet", "line", "card", "accent", "warm"];
  colors = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  const parts = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  const [low, middle, high] = [colors.low, colors.middle, colors.high].map(parts);
  palette = Uint32Array.from({ length: 256 }, (_, n) => {
    const share = 0.8 * Math.abs(n / 127.5 - 1); // less than all, so that points stand out
    const mixed = middle.map((c, i) => Math.round(c + share * ((n < 128 ? low : high)[i] - c)));
    return mixed[0] | (mixed[1] << 8) | (mixed[2] << 16) | (255 << 24);
  });
}

// The context of a canvas as large as it is shown, so that lines and letters are sharp.
function sharp(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

// Writes the picture of a surface into pixels. From middle - reach to middle + reach the colours change.
function paint(values, middle, reach) {
  for (let n = 0; n < values.length; n += 1) {
    const share = (values[n] - middle) / reach;
    pixelColors[n] = palette[Math.round(127.5 * (1 + Math.min(Math.max(share, -1), 1)))];
  }
  return pixels;
}

// A sigmoid's colours change around 0.5, all others around 0.
function rangeOf(values, isSigmoid) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return isSigmoid ? [0.5, 0.5] : [0, Math.max(1, most, -least)];
}

// The buttons of all neurons, column by column; choose(layer, neuron) and show(layer, neuron or
// null) are called when one is chosen, and while a pointer is over it.
function buildNetwork(box, sizes, activation, choose, show) {
  const columns = sizes.map((size, layer) => {
    const column = document.createElement("div");
    column.className = `layer ${size > 10 ? "many" : size > 6 ? "some" : "few"}`;
    const name = document.createElement("span");
    name.textContent = layer === 0 ? "input" : layer === sizes.length - 1 ? "output" : activation;
    column.append(name);
    for (let neuron = 0; neuron < size; neuron += 1) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "neuron";
      button.setAttribute("aria-label", nameOf(sizes, layer, neuron));
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = CELLS;
      button.append(canvas);
      button.addEventListener("click", () => choose(layer, neuron));
      button.addEventListener("focus", () => choose(layer, neuron));
      button.addEventListener("pointerenter", () => show(layer, neuron));
      button.addEventListener("pointerleave", () => show(null));
      column.append(button);
    }
    return column;
  });
  const lines = document.createElement("canvas");
  lines.className = "lines";
  box.replaceChildren(lines, ...columns);
  return columns.map((column) => [...column.querySelectorAll("button")]);
}

function nameOf(sizes, layer, neuron) {
  if (layer === 0) return ["Input across", "Input up"][neuron];
  return layer === sizes.length - 1 ? "Output" : `Hidden layer ${layer}, neuron ${neuron + 1}`;
}

const side = (button, right) => [
  button.parentElement.offsetLeft + button.offsetLeft + (right ? button.offsetWidth : 0),
  button.parentElement.offsetTop + button.offsetTop + button.offsetHeight / 2,
];

// Every weight with the two ends of its line.
function* linesOf(network, buttons) {
  for (const [layer, { kernel }] of network.layers.entries()) {
    const [starts, ends] = [buttons[layer].map((b) => side(b, true)), buttons[layer + 1].map((b) => side(b))];
    for (let from = 0; from < starts.length; from += 1) {
      for (let to = 0; to < ends.length; to += 1) {
        yield { layer, from, to, weight: kernel[from][to], start: starts[from], end: ends[to] };
      }
    }
  }
}

// Width: how large the weight is. Colour and dashes: its sign.
function drawLines(canvas, network, buttons, chosen) {
  const { context } = sharp(canvas);
  for (const { layer, from, to, weight, start, end } of linesOf(network, buttons)) {
    const most = Math.max(buttons[layer].length, buttons[layer + 1].length) > 10 ? 4 : 9;
    const width = Math.min(most, 0.6 + Math.abs(weight) * (most / 6));
    const isChosen = layer === chosen.layer - 1 && to === chosen.neuron && from === chosen.from;
    const stroke = (color, wide, dashes) => {
      context.strokeStyle = color;
      context.lineWidth = wide;
      context.setLineDash(dashes);
      context.beginPath();
      context.moveTo(...start);
      context.lineTo(...end);
      context.stroke();
    };
    if (isChosen) stroke(colors.text, width + 5, []);
    if (isChosen) stroke(colors.card, width + 2, []);
    stroke(weight < 0 ? colors.low : colors.high, width, weight < 0 ? [7, 4] : []);
  }
}

// The weight whose line passes nearest to a place, or null if all are far.
function lineAt(network, buttons, [x, y], far = 7) {
  let [nearest, found] = [far, null];
  for (const { layer, from, to, start, end } of linesOf(network, buttons)) {
    const [wide, high] = [end[0] - start[0], end[1] - start[1]];
    const along = ((x - start[0]) * wide + (y - start[1]) * high) / (wide ** 2 + high ** 2);
    if (along < 0 || along > 1) continue;
    const distance = Math.hypot(x - start[0] - along * wide, y - start[1] - along * high);
    if (distance < nearest) [nearest, found] = [distance, { layer: layer + 1, neuron: to, from }];
  }
  return found;
}

// One surface, large, with the points on it: discs and squares, for who does not tell the colours apart.
function drawLarge(canvas, small, { x: [across, up], y }) {
  const { context, width } = sharp(canvas);
  const place = (v) => ((v / EDGE + 1) * width) / 2;
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, width, width);
  context.strokeStyle = colors.card;
  const radius = width / 90;
  across.forEach((a, n) => {
    context.beginPath();
    if (y[n]) context.rect(place(a) - radius, place(-up[n]) - radius, 2 * radius, 2 * radius);
    else context.arc(place(a), place(-up[n]), 1.1 * radius, 0, 2 * Math.PI);
    context.fillStyle = y[n] ? colors.high : colors.low;
    context.fill();
    context.stroke();
  });
}
