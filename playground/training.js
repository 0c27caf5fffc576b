// The points, a network, and how it learns, batch by batch. What it does follows from the settings.
"use strict";

const [BATCH, MOST] = [20, 1000]; // points in a step; epochs, then it stops

function makeWorld(settings) {
  const { shape, points, noise, layers, neurons, activation, optimizer, rate, seed } = settings;
  const random = randomNumbers(seed);
  const train = makePoints(shape, points, noise, random);
  const validation = makePoints(shape, points, noise, random);
  const sizes = [2, ...Array(layers).fill(neurons), 1];
  const network = makeNetwork(sizes, activation, random);
  const world = { train, validation, network, random, epoch: 0, losses: [] };
  world.optimizer = makeOptimizer(optimizer, rate, network);
  beginEpoch(world);
  return world;
}

// Notes both losses, and puts the points into a new order.
function beginEpoch(world) {
  const { network, train, validation, losses, random } = world;
  losses.push([lossOn(network, train), lossOn(network, validation)]);
  world.order = shuffled(train.y.length, random);
  world.at = 0; // how many points of this epoch have been used
}

const nextBatch = ({ train, order, at }) => take(train, order.slice(at, at + BATCH));

// One step: the next 20 points, their gradients, and each weight moves once.
function trainStep(world) {
  const { network, optimizer, order } = world;
  takeStep(network, gradientsOf(network, nextBatch(world)), optimizer);
  world.at += BATCH;
  if (world.at < order.length) return;
  world.epoch += 1;
  beginEpoch(world);
}

function trainEpoch(world) {
  do trainStep(world);
  while (world.at > 0);
}

// A weight is named by its layer, the neuron there that it leads to, and the number of the input
// that it comes from; behind the last input is the bias.
const rowOf = ({ network }, { layer, from }) => rowsOf(network.layers[layer])[from];

// What the next step will do with a weight, and from which numbers.
function nextMove(world, weight) {
  const { network, optimizer } = world;
  const { layer, to, from } = weight;
  const { name, rate, memories } = optimizer;
  const gradient = rowsOf(gradientsOf(network, nextBatch(world))[layer])[from][to];
  const memory = { ...memories[layer][from][to] };
  const step = optimizer.step + 1;
  const move = OPTIMIZERS[name](memory, gradient, rate, step);
  const now = rowOf(world, weight)[to];
  // Both means began at 0. Divided by these numbers they are as if they had not.
  const mean = memory.mean / (1 - 0.9 ** step);
  const root = Math.sqrt(memory.square / (1 - 0.999 ** step));
  return { name, rate, gradient, mean, root, move, now, after: now + move };
}

// The loss of the next points if this weight alone had other values: [value, loss] from left to right.
function sliceOf(world, weight, reach, count = 61) {
  const [row, { to }, batch] = [rowOf(world, weight), weight, nextBatch(world)];
  const now = row[to];
  const slice = Array.from({ length: count }, (_, n) => {
    row[to] = now + reach * ((2 * n) / (count - 1) - 1);
    return [row[to], lossOn(world.network, batch)];
  });
  row[to] = now;
  return slice;
}

// Which neurons of each hidden layer give 0 for every point: relu passes no gradient to them.
function deadNeurons({ network, train }) {
  const hidden = outputsOf(network, train.x).slice(1, -1);
  const dead = (values) => network.activation === "relu" && values.every((a) => a === 0);
  return hidden.map((layer) => layer.map(dead));
}

function shareRight({ network, validation: { x, y } }) {
  return answersOf(network, x).filter((p, n) => (p > 0.5 ? 1 : 0) === y[n]).length / y.length;
}
