// Draws what the page of the GPT shows: characters with shares, maps of the heads, and bars.
"use strict";

const [BARS, NAMED] = [10, 3]; // characters with a bar; those that the sentence names
const element = (name) => document.getElementById(name);
const readable = (character) => character.replace("\n", "↵").replace(" ", "␣");
const quoted = (character) => `“${readable(character)}”`;
const percent = (share) => `${(100 * share).toFixed(1)} %`;

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...children);
  return made;
}

// A button for each character that the network reads; a line of the text begins a new row.
function makeCells(characters) {
  const made = characters.flatMap((character, place) => {
    const cell = make("button", { type: "button", "data-place": place, tabindex: -1 });
    cell.append(make("b", {}, readable(character)), make("small"));
    return character === "\n" ? [cell, make("i")] : [cell];
  });
  element("cells").replaceChildren(...made);
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
  const [accent, warm] = [rgb("--accent"), rgb("--warm")];
  element("heads").querySelectorAll("canvas").forEach((canvas, number) => {
    const [block, head] = [Math.floor(number / heads), number % heads];
    [canvas.width, canvas.height] = [count, count];
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(count, count);
    for (let row = 0; row < count; row += 1) {
      shares[block][row][head].forEach((share, column) => {
        image.data.set([...(row === place ? warm : accent), 255 * Math.sqrt(share)], 4 * (row * count + column));
      });
    }
    pen.putImageData(image, 0, 0);
  });
}

// The likeliest characters; came: the token that stands next in the text, or undefined.
function drawBars(ranked, alphabet, came) {
  const rows = ranked.slice(0, BARS).map(({ token, probability }) => {
    const bar = make("i", { style: `width: ${100 * probability}%` });
    const row = make("tr", {}, make("th", { scope: "row" }, readable(alphabet[token])));
    row.append(make("td", {}, make("div", { class: "bar" }, bar)), make("td", {}, percent(probability)));
    row.classList.toggle("best", token === (came ?? ranked[0].token));
    row.classList.toggle("out", probability === 0);
    return row;
  });
  element("bars").tBodies[0].replaceChildren(...rows);
  const rest = ranked.slice(BARS).reduce((sum, { probability }) => sum + probability, 0);
  element("others").textContent = `The ${ranked.length - BARS} others together: ${percent(rest)}`;
}
