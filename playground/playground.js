// The page of the playground: trains the small network and shows what happens in it.
"use strict";

const netBox = field("network");
const run = field("run");
let world; // the points, the network and how it has learned so far
let buttons; // of its neurons, column by column
let chosen; // the neuron that is shown, and which of its weights
let hovered = null; // the neuron under the pointer
let running = true;
let goal = null; // {epoch, step}: how far to learn, as the address said, before it waits
let noting; // the timer that writes the address

function startAnew(place = null, wanted = null) {
  const settings = readSettings();
  world = makeWorld(settings);
  const sizes = [2, ...Array(settings.layers).fill(settings.neurons), 1];
  buttons = buildNetwork(netBox, sizes, settings.activation, choose, (layer, neuron) => {
    hovered = layer === null ? null : { layer, neuron, from: 0 };
    draw();
  });
  chosen = wanted ?? { layer: sizes.length - 1, neuron: 0, from: 0 };
  hovered = null;
  world.sizes = sizes;
  goal = place;
  mark();
  setRunning(true);
  if (goal) learnToGoal();
}

// For some milliseconds: a page that does not answer looks broken.
function learnToGoal() {
  const end = performance.now() + 25;
  while (world.epoch < goal.epoch && performance.now() < end) trainEpoch(world);
  if (world.epoch < goal.epoch) return draw();
  while (world.at / BATCH < goal.step) trainStep(world);
  goal = null;
  return setRunning(false);
}

function setRunning(value) {
  running = value && world.epoch < MOST;
  run.textContent = running ? "Pause" : "Go on";
  field("status").setAttribute("aria-live", running ? "off" : "polite");
  noteAddress();
  draw();
}

// A little later: a browser refuses an address that changes many times a second.
function noteAddress() {
  clearTimeout(noting);
  noting = setTimeout(() => {
    const place = { epoch: world.epoch, step: world.at / BATCH };
    writeAddress(running ? goal : place, chosen);
  }, 150);
}

function choose(layer, neuron, from = null) {
  const same = chosen.layer === layer && chosen.neuron === neuron;
  chosen = { layer, neuron, from: from ?? (same ? chosen.from : 0) };
  mark();
  noteAddress();
  draw();
}

// Only the chosen neuron is a stop of the tab key; from it the arrows lead to the others.
function mark() {
  buttons.forEach((column, layer) => {
    column.forEach((button, neuron) => {
      const is = layer === chosen.layer && neuron === chosen.neuron;
      button.setAttribute("aria-pressed", is);
      button.tabIndex = is ? 0 : -1;
    });
  });
}

function draw() {
  const outputs = outputsOf(world.network, PLANE);
  const dead = deadNeurons(world);
  const shown = hovered ?? chosen;
  buttons.forEach((column, layer) => {
    column.forEach((button, neuron) => {
      const context = button.firstChild.getContext("2d");
      context.putImageData(paint(outputs[layer][neuron], ...rangeOfNeuron(layer, outputs[layer][neuron])), 0, 0);
      button.classList.toggle("dead", dead[layer - 1]?.[neuron] ?? false);
    });
  });
  drawLines(netBox.firstChild, world.network, buttons, chosen);
  drawLarge(field("surface"), buttons[shown.layer][shown.neuron].firstChild, world.train);
  const values = outputs[shown.layer][shown.neuron];
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(2).replace("-", "−"));
  say("shown", `${nameOf(world.sizes, shown.layer, shown.neuron)}: from ${least} to ${most}`);
  drawLosses(field("curve"), world.losses);
  showWeights(shown);
  showDescent();
  showStatus(dead.flat());
}

function rangeOfNeuron(layer, values) {
  const isOutput = layer === buttons.length - 1;
  return rangeOf(values, isOutput || (layer > 0 && world.network.activation === "sigmoid"));
}

function say(name, text) {
  if (field(name).textContent !== text) field(name).textContent = text;
}

function showStatus(dead) {
  const [training, other] = world.losses[world.losses.length - 1].map((loss) => loss.toFixed(3));
  const right = (100 * shareRight(world)).toFixed(0);
  const step = world.at ? `, step ${world.at / BATCH} of ${Math.ceil(world.order.length / BATCH)}` : "";
  const end = world.epoch >= MOST ? " It stops here." : "";
  say("status", `Epoch ${world.epoch}${step}. Loss ${training}; on as many other points ${other}, ${right} % right.${end}`);
  const count = dead.filter(Boolean).length;
  const most = count > dead.length / 2;
  field("dead").hidden = !most;
  if (most) {
    say("dead", `${count} of ${dead.length} hidden neurons are dead: they give 0 for every point, and where relu gives 0 no gradient passes.`);
  }
}

// The weights of the neuron that is shown, as buttons that choose one.
function showWeights({ layer, neuron }) {
  const box = field("weights");
  const row = layer ? rowsOf(world.network.layers[layer - 1]).map((weights) => weights[neuron]) : [];
  while (box.children.length > row.length) box.lastChild.remove();
  while (box.children.length < row.length) {
    const button = document.createElement("button");
    const from = box.children.length;
    button.type = "button";
    button.addEventListener("click", () => choose(chosen.layer, chosen.neuron, from));
    box.append(button);
  }
  row.forEach((weight, from) => {
    const button = box.children[from];
    const source = from === row.length - 1 ? "bias" : layer === 1 ? ["across", "up"][from] : `neuron ${from + 1}`;
    const text = `${source} ${shortNumber(weight, 2)}`;
    if (button.textContent !== text) button.textContent = text;
    button.setAttribute("aria-pressed", !hovered && from === chosen.from);
  });
  say("inputs", layer ? "Its weights and its bias. Choose one:" : "An input has no weights: it passes a place on.");
}

function showDescent() {
  field("descent-box").hidden = chosen.layer === 0;
  if (chosen.layer === 0) return;
  const weight = { layer: chosen.layer - 1, to: chosen.neuron, from: chosen.from };
  const next = nextMove(world, weight);
  drawDescent(field("descent"), sliceOf(world, weight, reachOf(next)), next);
  const adam = next.name === "Adam";
  for (const row of document.querySelectorAll(".adam")) row.hidden = !adam;
  say("now", shortNumber(next.now));
  say("gradient", shortNumber(next.gradient));
  say("mean", shortNumber(next.mean));
  say("root", shortNumber(next.root));
  const [gradient, mean, root] = [next.gradient, next.mean, next.root].map((value) => shortNumber(value));
  const inside = (text) => (text.startsWith("−") ? `(${text})` : text);
  const fraction = adam ? `${inside(mean)} / ${root}` : inside(gradient);
  say("move", `−${next.rate} × ${fraction} = ${shortNumber(next.move)}`);
  say("after", shortNumber(next.after));
}

function step() {
  goal = null;
  if (world.epoch >= MOST) return;
  trainStep(world);
  setRunning(false);
}

function tick() {
  if (goal) learnToGoal();
  else if (running) {
    trainEpoch(world);
    if (world.epoch >= MOST) setRunning(false);
    else draw();
  }
  requestAnimationFrame(tick);
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
netBox.addEventListener("keydown", (event) => {
  if (!(event.key in ARROWS)) return;
  event.preventDefault();
  const [across, down] = ARROWS[event.key];
  const column = buttons[Math.min(Math.max(chosen.layer + across, 0), buttons.length - 1)];
  column[Math.min(Math.max(chosen.neuron + down, 0), column.length - 1)].focus();
});
netBox.addEventListener("click", (event) => {
  if (event.target.closest("button")) return;
  const box = netBox.getBoundingClientRect();
  const found = lineAt(world.network, buttons, [event.clientX - box.left, event.clientY - box.top]);
  if (found) choose(found.layer, found.neuron, found.from);
});
run.addEventListener("click", () => {
  goal = null;
  setRunning(!running);
});
field("step").addEventListener("click", step);
field("restart").addEventListener("click", () => startAnew(null, chosen));
field("reset").addEventListener("click", () => {
  field("settings").reset();
  startAnew();
});
field("settings").addEventListener("input", () => startAnew());
field("settings").addEventListener("change", () => inputs.forEach((input) => { input.value = cleaned(input, input.value); }));
field("settings").addEventListener("submit", (event) => event.preventDefault());

function openAddress() {
  const { place, chosen: wanted } = readAddress();
  startAnew(place, wanted);
}

addEventListener("hashchange", openAddress);
addEventListener("resize", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  readColors();
  draw();
});
readColors();
openAddress();
tick();
