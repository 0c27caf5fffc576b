// A small network of dense layers: forward, backward, SGD, Adam. Its numbers are those of Keras.
// Whatever has a value for each point is a list of arrays: one array for each input or neuron.
"use strict";

const sigmoid = (z) => 1 / (1 + Math.exp(-z));
// The derivatives take what the function has returned.
const ACTIVATIONS = {
  relu: { apply: (z) => (z > 0 ? z : 0), derivative: (a) => (a > 0 ? 1 : 0) },
  tanh: { apply: Math.tanh, derivative: (a) => 1 - a * a },
  sigmoid: { apply: sigmoid, derivative: (a) => a * (1 - a) },
};

// sizes: [inputs, neurons ..., 1]. Weights as Keras draws them: uniform, after Glorot.
function makeNetwork(sizes, activation, random) {
  const layers = sizes.slice(1).map((outputs, i) => {
    const limit = Math.sqrt(6 / (sizes[i] + outputs));
    const row = () => Array.from({ length: outputs }, () => limit * (2 * random() - 1));
    return { kernel: Array.from({ length: sizes[i] }, row), bias: Array(outputs).fill(0) };
  });
  return { layers, activation };
}

// All numbers of a layer: for each of its inputs the weights to its neurons, and last the biases.
const rowsOf = ({ kernel, bias }) => [...kernel, bias];

// The outputs of all layers, the inputs first; the last layer has a sigmoid.
function outputsOf({ layers, activation }, inputs) {
  const outputs = [inputs];
  layers.forEach(({ kernel, bias }, number) => {
    const { apply } = number === layers.length - 1 ? ACTIVATIONS.sigmoid : ACTIVATIONS[activation];
    const before = outputs[number];
    outputs.push(
      bias.map((start, j) => {
        const sums = new Float64Array(inputs[0].length).fill(start);
        before.forEach((values, i) => {
          const weight = kernel[i][j];
          for (let n = 0; n < sums.length; n += 1) sums[n] += weight * values[n];
        });
        for (let n = 0; n < sums.length; n += 1) sums[n] = apply(sums[n]);
        return sums;
      }),
    );
  });
  return outputs;
}

const answersOf = (network, inputs) => outputsOf(network, inputs).pop()[0];

// Binary cross-entropy, with the limits of Keras so that no logarithm is infinite.
function meanLoss(answers, y) {
  let sum = 0;
  for (let n = 0; n < y.length; n += 1) {
    const q = Math.min(Math.max(answers[n], 1e-7), 1 - 1e-7);
    sum -= Math.log(y[n] ? q : 1 - q);
  }
  return sum / y.length;
}

const lossOn = (network, { x, y }) => meanLoss(answersOf(network, x), y);

// How the mean loss of some points changes with each weight and bias: backpropagation.
function gradientsOf(network, { x, y }) {
  const outputs = outputsOf(network, x);
  const { derivative } = ACTIVATIONS[network.activation];
  // sigmoid and cross-entropy together
  let deltas = outputs.pop().map((answers) => answers.map((p, n) => (p - y[n]) / y.length));
  return network.layers
    .toReversed()
    .map(({ kernel }) => {
      const before = outputs.pop();
      const sumOver = (delta, values) => delta.reduce((sum, d, n) => sum + d * values[n], 0);
      const gradients = {
        kernel: before.map((values) => deltas.map((delta) => sumOver(delta, values))),
        bias: deltas.map((delta) => delta.reduce((a, b) => a + b)),
      };
      const backward = (values, i) => {
        const sums = new Float64Array(y.length);
        deltas.forEach((delta, j) => {
          const weight = kernel[i][j];
          for (let n = 0; n < sums.length; n += 1) sums[n] += weight * delta[n];
        });
        return sums.map((sum, n) => sum * derivative(values[n]));
      };
      deltas = before.map(backward);
      return gradients;
    })
    .toReversed();
}

// What each rule adds to a weight. memory: {mean, square} of its gradients so far, which Adam brings
// up to date; step: the number of this step, from 1.
const OPTIMIZERS = {
  SGD: (memory, slope, rate) => -rate * slope,
  Adam: (memory, slope, rate, step) => {
    memory.mean += 0.1 * (slope - memory.mean);
    memory.square += 0.001 * (slope ** 2 - memory.square);
    const correction = Math.sqrt(1 - 0.999 ** step) / (1 - 0.9 ** step);
    return (-rate * correction * memory.mean) / (Math.sqrt(memory.square) + 1e-7);
  },
};

// A rule, and what it remembers of each weight.
function makeOptimizer(name, rate, { layers }) {
  const empty = (row) => row.map(() => ({ mean: 0, square: 0 }));
  const memories = layers.map((layer) => rowsOf(layer).map(empty));
  return { name, rate, step: 0, memories };
}

function takeStep(network, gradients, optimizer) {
  const { name, rate, memories } = optimizer;
  optimizer.step += 1;
  network.layers.forEach((layer, number) => {
    const slopes = rowsOf(gradients[number]);
    rowsOf(layer).forEach((row, i) => {
      row.forEach((_, j) => {
        row[j] += OPTIMIZERS[name](memories[number][i][j], slopes[i][j], rate, optimizer.step);
      });
    });
  });
}
