// Random numbers that a seed repeats, and two kinds of points within -1 and 1.
"use strict";

// A generator of random numbers from 0 to 1 (mulberry32, by Tommy Ettinger).
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const GAP = 0.12; // on both sides of the axes, where XOR has no points
const SHAPES = {
  XOR: (random) => {
    const [a, b] = [random(), random()].map((r) => Math.sign(r - 0.5) * (GAP + (1 - GAP) * Math.abs(2 * r - 1)));
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

// noise: the standard deviation of what moves the points. Returns {x: [across, up], y}, a number
// of each for every point.
function makePoints(shape, count, noise, random) {
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const [across, up, y] = [0, 1, 2].map(() => new Float64Array(count));
  for (let n = 0; n < count; n += 1) {
    const [a, b, label] = SHAPES[shape](random);
    [across[n], up[n], y[n]] = [a + noise * gauss(), b + noise * gauss(), label];
  }
  return { x: [across, up], y };
}

// Some of the points, by their numbers.
const take = ({ x, y }, numbers) => {
  const taken = (values) => Float64Array.from(numbers, (n) => values[n]);
  return { x: x.map(taken), y: taken(y) };
};

function shuffled(count, random) {
  const order = Array.from({ length: count }, (_, n) => [random(), n]);
  return order.sort((a, b) => a[0] - b[0]).map(([, n]) => n);
}
