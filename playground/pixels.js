// A pixel of any map tells which sum made it: which patches, times which weights, plus which bias.
"use strict";

const SHOWN_PARTS = 3; // of the maps before, those that add or take away most
let before = []; // the image, and what each layer made of it
let asking = null; // the pixel that was asked: {number, map, row, column}; number: of the layer
let focused = null; // the element that had the focus last

// The layers as they are shown, with their weights.
const STEPS = (() => {
  let next = 0;
  return DATA.layers
    .filter(({ kind }) => kind !== "Flatten")
    .map((layer) => (layer.kind === "MaxPooling2D" ? layer : { ...layer, kernel: weights[next++], bias: weights[next++] }));
})();

const valueAt = ({ width, count, values }, row, column, map) => values[(row * width + column) * count + map];

// A square of a map, row by row.
function patchOf(layer, top, left, side, map) {
  const place = (i) => [top + Math.floor(i / side), left + (i % side)];
  return Array.from({ length: side * side }, (_, i) => valueAt(layer, ...place(i), map));
}

// What made a pixel of a layer. parts: the windows that it sees, one for each map of the layer before.
function explain(layers, { number, map, row, column }) {
  const [input, { kind, side, activation, kernel, bias }] = [layers[number], STEPS[number]];
  if (kind === "MaxPooling2D") {
    const patch = patchOf(input, 2 * row, 2 * column, 2, map);
    return { side: 2, top: 2 * row, left: 2 * column, parts: [{ map, patch }], value: Math.max(...patch) };
  }
  // A neuron of a dense layer sees all pixels of all maps, as a kernel of their size would.
  const [top, left, size] = kind === "Dense" ? [0, 0, input.width] : [row, column, side];
  const parts = Array.from({ length: input.count }, (_, from) => {
    const patch = patchOf(input, top, left, size, from);
    const weight = patch.map((_, i) => kernel[(i * input.count + from) * bias.length + map]);
    return { map: from, patch, weight, sum: patch.reduce((sum, value, i) => sum + value * weight[i], 0) };
  });
  const sum = parts.reduce((all, part) => all + part.sum, bias[map]);
  const value = activation === "relu" ? Math.max(0, sum) : sum;
  return { side: size, top, left, parts, bias: bias[map], sum, activation, value };
}

const said = (value, digits = 4) => value.toFixed(digits).replace("-", "−");

function make(tag, text = "", name = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = name;
  return made;
}

// A square of numbers. Weights are orange above 0 and blue below, values grey.
function square(values, side, isWeight) {
  const table = make("table", "", "square");
  const most = Math.max(...values.map(Math.abs)) || 1;
  values.forEach((value, i) => {
    if (i % side === 0) table.insertRow();
    const cell = table.rows[table.rows.length - 1].insertCell();
    cell.textContent = said(value, 2);
    const color = isWeight ? (value < 0 ? "70, 140, 220" : "235, 135, 50") : "128, 128, 128";
    cell.style.background = `rgba(${color}, ${(0.6 * Math.abs(value)) / most})`;
  });
  return table;
}

function showPart({ map, patch, weight, sum }, side, input) {
  const figure = make("figure", "", "part");
  const source = input.count === 1 ? input.name : `Map ${map + 1} of ${input.name}`;
  figure.append(make("figcaption", weight ? `${source} × weights = ${said(sum)}` : `${source}: the largest of four`));
  const pair = make("div", "", "pair");
  pair.append(square(patch, side, false));
  if (weight) pair.append(make("span", "×"), square(weight, side, true));
  figure.append(pair);
  return figure;
}

function showSum({ parts, bias, sum, activation, value }, shown) {
  const table = make("table", "", "sum");
  const add = (name, number) => {
    const row = table.insertRow();
    row.append(make("th", name), make("td", said(number)));
  };
  if (sum !== undefined) {
    const rest = parts.filter((part) => !shown.includes(part));
    for (const part of shown) add(parts.length > 1 ? `Map ${part.map + 1}` : "Patch times weights", part.sum);
    if (rest.length) add(`The ${rest.length} other maps`, rest.reduce((all, part) => all + part.sum, 0));
    add("Bias", bias);
    add("Sum", sum);
  }
  add(activation === "relu" ? "After relu" : "Largest", value);
  return table;
}

const panel = make("section", "", "asked");
panel.id = "asked";
panel.hidden = true;
panel.setAttribute("aria-label", "The sum that made this pixel");
document.body.append(panel);

const canvases = () => [...layersBox.querySelectorAll("canvas")];
const columnsOf = (canvas, { width }) => (canvas.width + GAP) / (width + GAP);

// The chosen map alone, large enough for a finger.
function showMap(canvas, layer) {
  const large = document.createElement("canvas");
  [large.width, large.height] = [layer.width, layer.height];
  const [x, y] = cornerOf(canvas, layer, asking.map);
  large.getContext("2d").drawImage(canvas, -x, -y);
  large.setAttribute("aria-label", `Map ${asking.map + 1}. The arrow keys choose a pixel.`);
  large.tabIndex = 0;
  large.addEventListener("click", (event) => {
    const [column, row] = placeIn(large, event);
    ask({ ...asking, row: Math.floor(row), column: Math.floor(column) });
  });
  const figure = make("figure", "", "map");
  figure.append(make("figcaption", `Map ${asking.map + 1} of ${layer.count}`), large);
  return figure;
}

function cornerOf(canvas, { width, height }, map) {
  const columns = columnsOf(canvas, { width });
  return [(map % columns) * (width + GAP), Math.floor(map / columns) * (height + GAP)];
}

// Where an event lies, in pixels of a canvas.
const placeIn = (canvas, { offsetX, offsetY }) => [
  Math.min(Math.max((offsetX / canvas.clientWidth) * canvas.width, 0), canvas.width - 0.01),
  Math.min(Math.max((offsetY / canvas.clientHeight) * canvas.height, 0), canvas.height - 0.01),
];

// A frame around some pixels of a canvas, which lies in a figure.
function frame(canvas, left, top, wide, high) {
  const mark = make("div", "", "mark");
  const [across, down] = [canvas.clientWidth / canvas.width, canvas.clientHeight / canvas.height];
  mark.style.left = `${canvas.offsetLeft + left * across - 2}px`;
  mark.style.top = `${canvas.offsetTop + top * down - 2}px`;
  mark.style.width = `${wide * across + 4}px`;
  mark.style.height = `${high * down + 4}px`;
  canvas.parentElement.append(mark);
}

function refresh() {
  for (const mark of document.querySelectorAll(".mark")) mark.remove();
  const canvas = asking && canvases()[asking.number];
  const inPanel = panel.contains(document.activeElement);
  panel.hidden = !canvas;
  document.body.classList.toggle("asking", !panel.hidden);
  if (!canvas) return;
  const [input, layer] = [before[asking.number], before[asking.number + 1]];
  const { map, row, column } = asking;
  const told = explain(before, asking);
  const shown = [...told.parts].sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum)).slice(0, SHOWN_PARTS);
  const place = layer.width > 1 ? `, row ${row + 1}, column ${column + 1}` : "";
  const what = layer.width > 1 ? "map" : "neuron";
  const title = make("h2", `${layer.name}, ${what} ${map + 1}${place}: ${said(valueAt(layer, row, column, map))}`);
  const close = make("button", "Close");
  close.type = "button";
  close.addEventListener("click", () => ask(null));
  const parts = make("div", "", "parts");
  const large = layer.width > 1 ? [showMap(canvas, layer)] : [];
  parts.append(...large, showSum(told, shown), ...shown.map((part) => showPart(part, told.side, input)));
  panel.replaceChildren(title, close, parts);
  if (inPanel) (panel.querySelector("canvas") ?? close).focus({ preventScroll: true });
  const [x, y] = cornerOf(canvas, layer, map);
  frame(canvas, x + column, y + row, 1, 1);
  if (large.length) frame(panel.querySelector("canvas"), column, row, 1, 1);
  const source = asking.number ? canvases()[asking.number - 1] : seen.canvas;
  for (const part of shown) {
    const [left, top] = asking.number ? cornerOf(source, input, part.map) : [0, 0];
    frame(source, left + told.left, top + told.top, told.side, told.side);
  }
}

function ask(pixel) {
  asking = pixel;
  refresh();
  if (pixel) canvases()[pixel.number].scrollIntoView({ block: "nearest" }); // not below the panel
}

const MOVES = { ArrowLeft: [0, -1, 0], ArrowRight: [0, 1, 0], ArrowUp: [-1, 0, 0], ArrowDown: [1, 0, 0], PageUp: [0, 0, -1], PageDown: [0, 0, 1], Enter: [0, 0, 0] };

// The arrows lead from pixel to pixel, and past the edge of a map into its neighbour.
function move(number, key) {
  const layer = before[number + 1];
  if (asking?.number !== number) {
    return ask({ number, map: 0, row: layer.height >> 1, column: layer.width >> 1 });
  }
  const columns = columnsOf(canvases()[number], layer);
  let [{ map, row, column }, [down, across, on]] = [asking, MOVES[key]];
  [row, column, map] = [row + down, column + across, map + on];
  if (column < 0 || column >= layer.width) [map, column] = [map + across, column < 0 ? layer.width - 1 : 0];
  if (row < 0 || row >= layer.height) [map, row] = [map + down * columns, row < 0 ? layer.height - 1 : 0];
  if (map >= 0 && map < layer.count) ask({ number, map, row, column });
}

document.addEventListener("keydown", (event) => {
  const number = panel.contains(event.target) ? asking.number : canvases().indexOf(event.target);
  if (number < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && asking) ask(null);
  else if (event.key in MOVES && event.target.tagName === "CANVAS") move(number, event.key);
  else return;
  event.preventDefault();
  event.stopImmediatePropagation(); // Enter and Escape mean something else elsewhere
}, true);
layersBox.addEventListener("click", (event) => {
  const number = canvases().indexOf(event.target);
  if (number < 0) return;
  const [layer, canvas] = [before[number + 1], event.target];
  const [x, y] = placeIn(canvas, event).map(Math.floor);
  const [wide, high] = [layer.width + GAP, layer.height + GAP];
  const map = Math.floor(y / high) * columnsOf(canvas, layer) + Math.floor(x / wide);
  const inside = { row: Math.min(y % high, layer.height - 1), column: Math.min(x % wide, layer.width - 1) };
  if (map < layer.count) ask({ number, map, ...inside });
});
document.addEventListener("focusin", ({ target }) => { focused = { target, number: canvases().indexOf(target) }; });
// The layers are new after each answer: the focus and the question stay.
new MutationObserver(() => {
  for (const canvas of canvases()) {
    canvas.tabIndex = 0;
    canvas.setAttribute("aria-label", `${canvas.previousSibling.textContent}. The arrow keys choose a pixel.`);
  }
  if (focused?.number >= 0 && !focused.target.isConnected && document.activeElement === document.body) {
    canvases()[focused.number]?.focus({ preventScroll: true });
  }
  refresh();
}).observe(layersBox, { childList: true });
document.addEventListener("answer", ({ detail }) => {
  const values = Float32Array.from(detail.pixels.flat(), (grey) => grey / 255);
  before = [{ name: "the image", height: 28, width: 28, count: 1, values }, ...forward(detail.pixels.flat()).layers];
  refresh();
});
addEventListener("resize", refresh);
