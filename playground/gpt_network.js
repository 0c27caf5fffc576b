// The GPT of text/gpt/gpt.py in plain JavaScript. gpt_data.js holds its sizes and weights.
"use strict";

const TURNS = 10000; // of the rotary positions, as in gpt.py

// The row x times a matrix whose rows lie one behind the other. Four of them at once take half as
// long as one after the other.
function multiply(x, kernel) {
  const count = kernel.length / x.length;
  const out = new Float32Array(count);
  const fours = x.length - (x.length % 4);
  for (let i = 0; i < fours; i += 4) {
    const [a, b, c, d] = [x[i], x[i + 1], x[i + 2], x[i + 3]];
    for (let j = 0, at = i * count; j < count; j += 1, at += 1) {
      out[j] += a * kernel[at] + b * kernel[at + count] + c * kernel[at + 2 * count] + d * kernel[at + 3 * count];
    }
  }
  for (let i = fours; i < x.length; i += 1) {
    for (let j = 0; j < count; j += 1) out[j] += x[i] * kernel[i * count + j];
  }
  return out;
}

function dot(a, atA, b, atB, count) {
  let sum = 0;
  for (let i = 0; i < count; i += 1) sum += a[atA + i] * b[atB + i];
  return sum;
}

const add = (a, b) => a.map((value, i) => value + b[i]);

// RMSNormalization: divided by the root mean square, and scaled.
function normalize(x, scale, epsilon) {
  const factor = 1 / Math.sqrt(dot(x, 0, x, 0, x.length) / x.length + epsilon);
  return x.map((value, i) => value * factor * scale[i]);
}

// Turns the pairs of numbers in each head by an angle that grows with the place, as gpt.py does.
function rotate(x, size, place) {
  const half = size / 2;
  for (let i = 0; i < half; i += 1) {
    const angle = place * TURNS ** (-i / half);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    for (let at = i; at < x.length; at += size) {
      const [first, second] = [x[at], x[at + half]];
      x[at] = first * cos - second * sin;
      x[at + half] = second * cos + first * sin;
    }
  }
  return x;
}

const silu = (z) => z / (1 + Math.exp(-z));

// A network that reads a text character by character, and keeps of each one what later ones need.
class Reader {
  constructor(data) {
    Object.assign(this, data);
    this.weights = Object.fromEntries(
      Object.entries(data.weights).map(([name, text]) => [name, numbersFrom(text)]),
    );
    this.width = this.weights.normal.length; // numbers that stand for a character
    this.size = this.width / this.heads; // of a head
    this.kept = this.groups * this.size; // numbers of the keys of a character, and of its values
    this.caches = Array.from({ length: this.blocks }, () => ({ keys: [], values: [], shares: [] }));
    this.tokens = [];
    this.logits = [];
  }

  // Reads tokens, at most as many as the context is long, and returns how many of them were new:
  // no token sees a later one, so what begins alike need not be worked out again.
  read(tokens) {
    let alike = 0;
    while (alike < tokens.length && tokens[alike] === this.tokens[alike]) alike += 1;
    for (let place = alike; place < tokens.length; place += 1) this.readOne(tokens[place], place);
    this.tokens = [...tokens];
    return tokens.length - alike;
  }

  readOne(token, place) {
    const { embedding, normal } = this.weights;
    let x = embedding.slice(token * this.width, (token + 1) * this.width);
    for (let block = 0; block < this.blocks; block += 1) {
      const part = (name) => this.weights[`block_${block + 1}_${name}`];
      x = add(x, this.attend(normalize(x, part("normal_1"), this.epsilon), block, part, place));
      const y = normalize(x, part("normal_2"), this.epsilon);
      const gate = multiply(y, part("gate"));
      const wide = multiply(y, part("wide")).map((value, i) => silu(gate[i]) * value);
      x = add(x, multiply(wide, part("narrow")));
    }
    x = normalize(x, normal, this.epsilon);
    this.logits[place] = Float32Array.from(this.alphabet, (_, symbol) =>
      dot(x, 0, embedding, symbol * this.width, this.width));
  }

  // What the character at a place takes of those up to it; x: (width).
  attend(x, block, part, place) {
    const { keys, values, shares } = this.caches[block];
    const query = rotate(multiply(x, part("query")), this.size, place);
    keys[place] = rotate(multiply(x, part("key")), this.size, place);
    values[place] = multiply(x, part("value"));
    shares[place] = [];
    const taken = new Float32Array(this.width);
    for (let head = 0; head < this.heads; head += 1) {
      const from = Math.floor(head / (this.heads / this.groups)) * this.size; // its group's
      const to = head * this.size;
      const matches = [];
      for (let other = 0; other <= place; other += 1) {
        matches.push(dot(query, to, keys[other], from, this.size) / Math.sqrt(this.size));
      }
      const found = softmax(matches);
      found.forEach((share, other) => {
        for (let i = 0; i < this.size; i += 1) taken[to + i] += share * values[other][from + i];
      });
      shares[place].push(found);
    }
    return multiply(taken, part("mix"));
  }
}

// Where the window begins in which a text of this length is read: as in text/gpt/cache.py, a full
// one forgets its first half.
function lastWindow(length, context) {
  const half = context / 2;
  return length <= context ? 0 : Math.ceil((length - context) / half) * half;
}

// All tokens, the likeliest first, with the probabilities with which they are drawn. Temperature 0
// takes the likeliest.
function likeliest(logits, temperature, topK) {
  const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a]);
  const some = order.slice(0, temperature > 0 ? topK : 1);
  const drawn = softmax(some.map((token) => logits[token]), temperature || 1);
  return order.map((token, rank) => ({ token, probability: drawn[rank] ?? 0 }));
}

// A number from 0 to 1 for a seed and a place, the same each time: the last steps of MurmurHash3,
// by Austin Appleby.
function chanceAt(seed, place) {
  let bits = Math.imul(seed + 1, 0x9e3779b1) + place;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
}

// chance: from 0 to 1.
function choose(ranked, chance) {
  let sum = 0;
  return (ranked.find(({ probability }) => (sum += probability) > chance) ?? ranked[0]).token;
}
