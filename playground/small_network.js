// A small network of dense layers: forward, backward, Adam. Its numbers are those of Keras.
"use strict";

// A generator of random numbers from 0 to 1 that a seed repeats (mulberry32, by Tommy Ettinger).
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const sigmoid = (z) => 1 / (1 + Math.exp(-z));
// The derivatives take what the function has returned.
const ACTIVATIONS = {
  relu: { apply: (z) => Math.max(0, z), derivative: (a) => (a > 0 ? 1 : 0) },
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

// The outputs of all layers, the inputs first; the last layer has a sigmoid.
function outputsOf({ layers, activation }, inputs) {
  const outputs = [inputs];
  layers.forEach(({ kernel, bias }, number) => {
    const apply = number === layers.length - 1 ? sigmoid : ACTIVATIONS[activation].apply;
    const before = outputs[number];
    outputs.push(
      bias.map((sum, j) => {
        for (let i = 0; i < before.length; i += 1) sum += before[i] * kernel[i][j];
        return apply(sum);
      }),
    );
  });
  return outputs;
}

const answer = (network, inputs) => outputsOf(network, inputs).pop()[0];

// Binary cross-entropy, with the limits of Keras so that no logarithm is infinite.
function lossOf(p, target) {
  const q = Math.min(Math.max(p, 1e-7), 1 - 1e-7);
  return -Math.log(target ? q : 1 - q);
}

const meanLoss = (network, x, y) =>
  x.reduce((sum, inputs, n) => sum + lossOf(answer(network, inputs), y[n]), 0) / x.length;

// How the mean loss of some examples changes with each weight and bias: backpropagation.
function gradientsOf(network, x, y) {
  const { layers, activation } = network;
  const zeros = ({ kernel, bias }) => ({ kernel: kernel.map((row) => row.map(() => 0)), bias: bias.map(() => 0) });
  const gradients = layers.map(zeros);
  x.forEach((inputs, n) => {
    const outputs = outputsOf(network, inputs);
    let delta = [(outputs[layers.length][0] - y[n]) / x.length]; // sigmoid and cross-entropy together
    for (let number = layers.length - 1; number >= 0; number -= 1) {
      const [before, { kernel }] = [outputs[number], layers[number]];
      delta.forEach((d, j) => {
        gradients[number].bias[j] += d;
        before.forEach((a, i) => { gradients[number].kernel[i][j] += a * d; });
      });
      const { derivative } = ACTIVATIONS[activation];
      delta = before.map((a, i) => derivative(a) * delta.reduce((sum, d, j) => sum + d * kernel[i][j], 0));
    }
  });
  return gradients;
}

// Adam, as Keras has it. state: {} before the first step.
function adamStep(network, gradients, rate, state) {
  state.step = (state.step ?? 0) + 1;
  state.mean ??= gradients.map(({ kernel, bias }) => [...kernel, bias].map((row) => row.map(() => 0)));
  state.square ??= gradients.map(({ kernel, bias }) => [...kernel, bias].map((row) => row.map(() => 0)));
  const correction = Math.sqrt(1 - 0.999 ** state.step) / (1 - 0.9 ** state.step);
  network.layers.forEach(({ kernel, bias }, number) => {
    const slopes = [...gradients[number].kernel, gradients[number].bias];
    [...kernel, bias].forEach((row, i) => {
      const [mean, square] = [state.mean[number][i], state.square[number][i]];
      row.forEach((_, j) => {
        mean[j] += 0.1 * (slopes[i][j] - mean[j]);
        square[j] += 0.001 * (slopes[i][j] ** 2 - square[j]);
        row[j] -= (rate * correction * mean[j]) / (Math.sqrt(square[j]) + 1e-7);
      });
    });
  });
}

// Two kinds of points within -1 and 1; noise: the standard deviation of what moves them.
const SHAPES = {
  XOR: (random) => {
    const [a, b] = [2 * random() - 1, 2 * random() - 1];
    return [a, b, a * b < 0 ? 1 : 0];
  },
  circle: (random) => {
    const [inside, angle] = [random() < 0.5, 2 * Math.PI * random()];
    const radius = inside ? 0.4 * Math.sqrt(random()) : 0.65 + 0.3 * random();
    return [radius * Math.cos(angle), radius * Math.sin(angle), inside ? 1 : 0];
  },
  moons: (random) => {
    const [upper, angle] = [random() < 0.5, Math.PI * random()];
    const [a, b] = [Math.cos(angle), Math.sin(angle)];
    return upper ? [0.6 * a - 0.3, 0.6 * b - 0.15, 1] : [0.3 - 0.6 * a, 0.15 - 0.6 * b, 0];
  },
  spiral: (random) => {
    const [one, far] = [random() < 0.5, random()];
    const angle = 3.5 * Math.PI * Math.sqrt(far) + (one ? Math.PI : 0);
    return [0.9 * Math.sqrt(far) * Math.cos(angle), 0.9 * Math.sqrt(far) * Math.sin(angle), one ? 1 : 0];
  },
};

function makePoints(shape, count, noise, random) {
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const [x, y] = [[], []];
  for (let n = 0; n < count; n += 1) {
    const [a, b, label] = SHAPES[shape](random);
    x.push([a + noise * gauss(), b + noise * gauss()]);
    y.push(label);
  }
  return { x, y };
}
