// The page of the playground: trains the small network and draws what it answers everywhere.
"use strict";

const [POINTS, BATCH, CELLS, MOST] = [200, 20, 60, 2000]; // MOST: epochs, then it stops
const COLORS = [[31, 95, 168], [222, 122, 34]]; // of the answers 0 and 1
const field = (name) => document.getElementById(name);
const surface = field("surface").getContext("2d");
const curve = field("curve").getContext("2d");
let world; // the points, the network and how it has learned so far
let running = true;

function number(name) {
  const input = field(name);
  const value = Number(input.value);
  const inside = Math.min(Math.max(Number.isFinite(value) ? value : 0, Number(input.min)), Number(input.max));
  return input.step && input.step.includes(".") ? inside : Math.round(inside);
}

function startAnew() {
  const random = randomNumbers(number("seed"));
  const [shape, noise] = [field("shape").value, number("noise")];
  const train = makePoints(shape, POINTS, noise, random);
  const validation = makePoints(shape, POINTS, noise, random);
  const sizes = [2, ...Array(number("layers")).fill(number("neurons")), 1];
  const network = makeNetwork(sizes, field("activation").value, random);
  world = { train, validation, network, random, adam: {}, epoch: 0, losses: [] };
  note();
  setRunning(true);
}

function setRunning(value) {
  running = value;
  field("run").textContent = running ? "Pause" : "Go on";
  draw();
}

function note() {
  const { network, train, validation, losses } = world;
  losses.push([meanLoss(network, train.x, train.y), meanLoss(network, validation.x, validation.y)]);
}

// One pass through the training points, in a new order.
function trainEpoch() {
  const { network, train, random, adam } = world;
  const order = train.x.map((_, n) => [random(), n]).sort((a, b) => a[0] - b[0]).map(([, n]) => n);
  for (let at = 0; at < order.length; at += BATCH) {
    const batch = order.slice(at, at + BATCH);
    const gradients = gradientsOf(network, batch.map((n) => train.x[n]), batch.map((n) => train.y[n]));
    adamStep(network, gradients, Number(field("rate").value), adam);
  }
  world.epoch += 1;
  note();
}

function drawSurface() {
  const { network, train } = world;
  const side = surface.canvas.width;
  for (let row = 0; row < CELLS; row += 1) {
    for (let column = 0; column < CELLS; column += 1) {
      const place = [(2 * column + 1) / CELLS - 1, 1 - (2 * row + 1) / CELLS].map((v) => 1.2 * v);
      const p = answer(network, place);
      const mixed = [0, 1, 2].map((c) => 255 - (255 - COLORS[p < 0.5 ? 0 : 1][c]) * Math.abs(1.4 * p - 0.7));
      surface.fillStyle = `rgb(${mixed.map(Math.round).join(",")})`;
      surface.fillRect((column * side) / CELLS, (row * side) / CELLS, side / CELLS + 1, side / CELLS + 1);
    }
  }
  train.x.forEach(([a, b], n) => {
    const [x, y] = [(a / 1.2 + 1) * (side / 2), (1 - b / 1.2) * (side / 2)];
    surface.beginPath(); // discs and squares, for who does not tell the colours apart
    if (train.y[n]) surface.rect(x - 5, y - 5, 10, 10);
    else surface.arc(x, y, 5.5, 0, 2 * Math.PI);
    surface.fillStyle = `rgb(${COLORS[train.y[n]].join(",")})`;
    surface.fill();
    surface.strokeStyle = "#fff";
    surface.stroke();
  });
}

function drawCurve() {
  const { losses } = world;
  const { width, height } = curve.canvas;
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(`--${name}`).trim();
  const most = Math.max(0.8, ...losses.flat().filter(Number.isFinite));
  curve.clearRect(0, 0, width, height);
  curve.font = "14px system-ui, sans-serif";
  curve.fillStyle = color("quiet");
  curve.fillText(most.toFixed(1), 6, 18);
  curve.fillText("0", 6, height - 8);
  [[color("accent"), []], [color("warm"), [7, 4]]].forEach(([stroke, dashes], which) => {
    curve.beginPath();
    losses.forEach((pair, n) => {
      const x = 34 + ((width - 44) * n) / Math.max(50, losses.length - 1);
      curve.lineTo(x, height - 10 - ((height - 24) * Math.min(pair[which], most)) / most);
    });
    curve.strokeStyle = stroke;
    curve.setLineDash(dashes);
    curve.lineWidth = 2.5;
    curve.stroke();
  });
  curve.setLineDash([]);
}

function draw() {
  drawSurface();
  drawCurve();
  const { network, validation, losses, epoch } = world;
  const right = validation.x.filter((x, n) => (answer(network, x) > 0.5 ? 1 : 0) === validation.y[n]).length;
  const [training, held] = losses[losses.length - 1].map((loss) => loss.toFixed(3));
  const end = epoch >= MOST ? " It stops here." : "";
  field("status").textContent =
    `Epoch ${epoch}: loss ${training}, on ${POINTS} other points ${held}, ${(100 * right) / POINTS} % of them right.${end}`;
}

function tick() {
  if (running) {
    trainEpoch();
    draw();
    if (world.epoch >= MOST) setRunning(false);
  }
  requestAnimationFrame(tick);
}

field("run").addEventListener("click", () => setRunning(!running && world.epoch < MOST));
field("restart").addEventListener("click", startAnew);
field("settings").addEventListener("input", ({ target }) => {
  if (target.id === "rate") return; // may change while it learns
  startAnew();
});
field("settings").addEventListener("submit", (event) => event.preventDefault());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
startAnew();
tick();
