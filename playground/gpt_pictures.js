// Draws what the page of the GPT shows: characters with shares, maps of the heads, and bars.
"use strict";

const [BARS, NAMED] = [10, 3]; // characters with a bar; those that the sentence names
const element = (name) => document.getElementById(name);
const readable = (character) => character.replace("\n", "↵").replace(" ", "␣");
const quoted = (character) => `“${readable(character)}”`;
const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...children);
  return made;
}

// A button for each character that the network reads. A word stays together, a line ends a row.
function makeCells(characters) {
  const rows = [];
  let word = null;
  characters.forEach((character, place) => {
    if (!word) rows.push((word = make("span")));
    const cell = make("button", { type: "button", "data-place": place, tabindex: -1 });
    cell.append(make("b", {}, readable(character)), make("small"));
    word.append(cell);
    if (character === "\n") rows.push(make("i"));
    if (" \n".includes(character)) word = null;
  });
  element("cells").replaceChildren(...rows);
}

// Shades the characters by how much the one at a place looks at them, and says so in a sentence.
function shade(characters, shares, place) {
  element("cells").querySelectorAll("button").forEach((cell, other) => {
    const share = shares[other] ?? 0;
    const number = Math.round(100 * share);
    cell.style.setProperty("--share", Math.sqrt(share).toFixed(3));
    cell.lastChild.textContent = number || "";
    cell.classList.toggle("unseen", other > place);
    cell.setAttribute("aria-pressed", other === place);
    cell.setAttribute("aria-label", `${quoted(characters[other])}, ${other > place ? "not seen" : `${number} percent`}`);
  });
  const most = [...shares.keys()].sort((a, b) => shares[b] - shares[a]).slice(0, NAMED);
  const named = most.map((other) => {
    const where = other === place ? "itself" : `${place - other} back`;
    return `${quoted(characters[other])} (${where}) ${percent(shares[other])}`;
  });
  return `${quoted(characters[place])} looks most at ${named.join(", ")}.`;
}

// The 4 x 4 maps with which a block and a head are chosen.
function makeMaps({ blocks, heads }) {
  const numbers = (count) => Array.from({ length: count }, (_, number) => number);
  const titles = numbers(heads).map((head) => make("span", {}, `head ${head + 1}`));
  const rows = numbers(blocks).flatMap((block) => [
    make("span", { class: "block" }, `block ${block + 1}`),
    ...numbers(heads).map((head) => {
      const label = `Block ${block + 1}, head ${head + 1}`;
      const value = `${block + 1},${head + 1}`;
      return make("label", {}, make("input", { type: "radio", name: "map", value, "aria-label": label }), make("canvas"));
    }),
  ]);
  element("heads").append(make("span"), ...titles, ...rows);
}

function rgb(name) {
  const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

// shares: of each block, for each place and head. One pixel for each pair of characters.
function drawMaps(shares, count, place, heads) {
  const [accent, warm, side] = [rgb("--accent"), rgb("--warm"), Math.max(count, 1)];
  element("heads").querySelectorAll("canvas").forEach((canvas, number) => {
    const [block, head] = [Math.floor(number / heads), number % heads];
    [canvas.width, canvas.height] = [side, side];
    canvas.parentElement.style.setProperty("--row", (place + 0.5) / side);
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(side, side);
    for (let row = 0; row < count; row += 1) {
      const [found, color] = [shares[block][row][head], row === place ? warm : accent];
      for (let column = 0, at = 4 * row * count; column <= row; column += 1, at += 4) {
        [image.data[at], image.data[at + 1], image.data[at + 2]] = color;
        image.data[at + 3] = 255 * Math.sqrt(found[column]);
      }
    }
    pen.putImageData(image, 0, 0);
  });
}

// The likeliest characters, and marks for the probabilities as the network gives them.
// came: the token that stands next in the text, or undefined.
function drawBars(ranked, plain, alphabet, came) {
  const rows = ranked.slice(0, BARS).map(({ token, probability }) => {
    const bar = make("i", { style: `width: ${100 * probability}%` });
    const mark = make("b", { style: `left: ${100 * plain[token]}%` });
    const row = make("tr", {}, make("th", { scope: "row" }, readable(alphabet[token])));
    row.append(make("td", {}, make("div", { class: "bar" }, bar, mark)));
    row.append(make("td", {}, probability ? percent(probability) : "–"));
    row.classList.toggle("best", token === (came ?? ranked[0].token));
    return row;
  });
  element("bars").tBodies[0].replaceChildren(...rows);
  const rest = ranked.slice(BARS).reduce((sum, { probability }) => sum + probability, 0);
  element("others").textContent =
    `All others: ${percent(rest)}. The marks stand for temperature 1, and all characters to draw from.`;
}
