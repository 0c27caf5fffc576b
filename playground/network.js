// A network of Keras in plain JavaScript. network_data.js holds its layers and weights.
"use strict";

// x: {height, width, count, values}, the values row by row, all maps of a pixel side by side.
function convolve(x, kernel, bias, side) {
  const [height, width, count] = [x.height - side + 1, x.width - side + 1, bias.length];
  const values = new Float32Array(height * width * count);
  for (let top = 0; top < height; top += 1) {
    for (let left = 0; left < width; left += 1) {
      const out = values.subarray((top * width + left) * count, (top * width + left + 1) * count);
      out.set(bias);
      for (let row = 0; row < side; row += 1) {
        const from = ((top + row) * x.width + left) * x.count;
        for (let i = 0; i < side * x.count; i += 1) {
          const value = x.values[from + i];
          if (value === 0) continue; // after relu many are
          const at = (row * side * x.count + i) * count;
          for (let j = 0; j < count; j += 1) out[j] += value * kernel[at + j];
        }
      }
    }
  }
  return { height, width, count, values };
}

function pool(x) {
  const [height, width, count] = [x.height >> 1, x.width >> 1, x.count];
  const values = new Float32Array(height * width * count);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      for (let map = 0; map < count; map += 1) {
        const at = (2 * row * x.width + 2 * column) * count + map;
        const below = at + x.width * count;
        const four = [x.values[at], x.values[at + count], x.values[below], x.values[below + count]];
        values[(row * width + column) * count + map] = Math.max(...four);
      }
    }
  }
  return { height, width, count, values };
}

function relu(x) {
  for (let i = 0; i < x.values.length; i += 1) x.values[i] = Math.max(0, x.values[i]);
  return x;
}

// ln(sum(exp(logits))), which is low for what is not a digit.
function likeness(logits) {
  const most = Math.max(...logits);
  return most + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
}

const weights = DATA.weights.map(numbersFrom);

// What each layer gives for an image of 28 x 28 grey levels from 0 to 255, and the logits.
function forward(pixels) {
  let x = { height: 28, width: 28, count: 1, values: Float32Array.from(pixels, (p) => p / 255) };
  const layers = [];
  let next = 0; // weight
  for (const { name, kind, side, activation } of DATA.layers) {
    if (kind === "MaxPooling2D") x = pool(x);
    else if (kind === "Flatten") x = { height: 1, width: 1, count: x.values.length, values: x.values };
    else x = convolve(x, weights[next++], weights[next++], side); // Dense: of a single pixel
    if (activation === "relu") relu(x);
    if (kind !== "Flatten") layers.push({ name, ...x });
  }
  return { layers, logits: Array.from(layers.pop().values) };
}
