// The page of the GPT: what is written, chosen and pressed.
"use strict";

const FIRST = {
  text: "ROMEO:\nBut, soft! what light through yonder window breaks?\nIt is the east, and Juliet is the s",
  block: 4, head: 4, temperature: 0.8, top_k: 65, seed: 1,
};
const MOST = 500; // characters that it draws before it stops by itself
const QUIET = 300; // milliseconds without a change before the address follows
const reader = new Reader(GPT);
const alphabet = [...GPT.alphabet];
let state = { ...FIRST };
let view = { length: 0, begin: 0, tokens: [] }; // known characters of the text, and those it reads
let [pinned, pointed] = [0, null]; // the chosen place in the view, and that under the mouse
let [run, timer] = [0, 0]; // number of the last run of draws; what writes the address

const place = () => Math.min(pointed ?? pinned, view.tokens.length - 1);
const charactersOf = (tokens) => tokens.map((token) => alphabet[token]);

// Takes a text over: reads what is new in it, and chooses its last character.
function setText(text) {
  state.text = text;
  const characters = [...text.replaceAll("’", "'")]; // the apostrophe of a phone
  const strange = new Set(characters.filter((one) => !alphabet.includes(one)));
  const tokens = characters.map((one) => alphabet.indexOf(one)).filter((token) => token >= 0);
  const begin = lastWindow(tokens.length, GPT.context);
  view = { length: tokens.length, begin, tokens: tokens.slice(begin) };
  const start = performance.now();
  const read = reader.read(view.tokens);
  const took = Math.max(1, Math.round(performance.now() - start));
  [pinned, pointed] = [view.tokens.length - 1, null];
  makeCells(charactersOf(view.tokens));
  const left = strange.size ? ` It has never seen ${[...strange].join(" ")} and reads on without.` : "";
  element("status").textContent = `Worked out ${read} of ${view.tokens.length} places in ${took} ms.${left}`;
  element("forgotten").textContent = begin ? `It sees ${GPT.context} characters at once: the first ${begin} are forgotten.` : "";
  for (const name of ["likeliest", "draw", "draw_on"]) element(name).disabled = !tokens.length;
  show();
}

// Shows all that depends on the chosen place and on the settings.
function show() {
  for (const name of ["temperature", "top_k"]) {
    document.querySelector(`output[for=${name}]`).textContent = state[name];
  }
  element("heads").querySelectorAll("input").forEach((input) => {
    input.checked = input.value === `${state.block},${state.head}`;
  });
  clearTimeout(timer);
  timer = setTimeout(writeAddress, QUIET);
  if (!view.tokens.length) {
    element("bars").tBodies[0].replaceChildren();
    for (const name of ["others", "looks"]) element(name).textContent = "";
    element("after").textContent = "Write a character first.";
    drawMaps([], 0, 0, GPT.heads);
    return;
  }
  const [characters, at] = [charactersOf(view.tokens), place()];
  const shares = reader.caches.map((cache) => cache.shares);
  const title = `Block ${state.block}, head ${state.head}: `;
  element("looks").textContent = title + shade(characters, shares[state.block - 1][at][state.head - 1], at);
  element("cells").querySelectorAll("button").forEach((cell, other) => { cell.tabIndex = other === pinned ? 0 : -1; });
  drawMaps(shares, characters.length, at, GPT.heads);
  const ranked = rankedAt(at);
  const came = view.tokens[at + 1];
  drawBars(ranked, softmax(reader.logits[at]), alphabet, came);
  const before = `${at > 11 ? "…" : ""}${characters.slice(Math.max(0, at - 11), at + 1).map(readable).join("")}`;
  const chance = ranked.find(({ token }) => token === came)?.probability;
  element("after").textContent = came === undefined
    ? `After “${before}”:`
    : `After “${before}” came ${quoted(alphabet[came])}: ${percent(chance)}`;
}

const rankedAt = (at) => likeliest(reader.logits[at], state.temperature, state.top_k);

// The same text, settings and seed draw the same.
function drawOne() {
  const chance = chanceAt(state.seed, view.length);
  write(alphabet[choose(rankedAt(view.tokens.length - 1), chance)]);
}

function write(character) {
  element("text").value = state.text + character;
  element("text").scrollTop = element("text").scrollHeight;
  setText(element("text").value);
}

function stop() {
  run += 1;
  element("draw_on").textContent = "Draw on";
}

async function drawOn() {
  stop();
  const mine = run;
  element("draw_on").textContent = "Stop";
  for (let drawn = 0; drawn < MOST && mine === run; drawn += 1) {
    drawOne();
    await new Promise(requestAnimationFrame);
  }
  if (mine === run) stop();
}

function setState(values) {
  stop();
  state = { ...FIRST, ...values };
  for (const name of ["text", "temperature", "top_k", "seed"]) element(name).value = state[name];
  setText(state.text);
}

function writeAddress() {
  history.replaceState(null, "", `#${new URLSearchParams(state)}`);
}

function readAddress() {
  const values = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const limits = { block: GPT.blocks, head: GPT.heads, top_k: alphabet.length, temperature: 2, seed: 999999 };
  const found = { text: values.text ?? FIRST.text };
  for (const [name, most] of Object.entries(limits)) {
    const least = name === "temperature" || name === "seed" ? 0 : 1;
    const value = name === "temperature" ? Number(values[name]) : Math.round(Number(values[name]));
    if (values[name] && value >= least && value <= most) found[name] = value;
  }
  setState(found);
}

// Arrow keys go through the characters: sideways one by one, up and down to the nearest.
function moved(key, cells) {
  const { offsetLeft, offsetTop } = cells[pinned];
  if (key === "Home") return 0;
  if (key === "End") return cells.length - 1;
  if (key === "ArrowLeft") return Math.max(0, pinned - 1);
  if (key === "ArrowRight") return Math.min(cells.length - 1, pinned + 1);
  const beyond = cells.filter((cell) => (key === "ArrowUp" ? cell.offsetTop < offsetTop : cell.offsetTop > offsetTop));
  if (!beyond.length || !key.startsWith("Arrow")) return null;
  const distance = (cell) => 1000 * Math.abs(cell.offsetTop - offsetTop) + Math.abs(cell.offsetLeft - offsetLeft);
  return cells.indexOf(beyond.reduce((best, cell) => (distance(cell) < distance(best) ? cell : best)));
}

function pin(at) {
  [pinned, pointed] = [at, null];
  show();
}

makeMaps(GPT);
element("text").addEventListener("input", () => { stop(); setText(element("text").value); });
element("likeliest").addEventListener("click", () => { stop(); write(alphabet[rankedAt(view.tokens.length - 1)[0].token]); });
element("draw").addEventListener("click", () => { stop(); drawOne(); });
element("draw_on").addEventListener("click", () => (element("draw_on").textContent === "Stop" ? stop() : drawOn()));
element("take_back").addEventListener("click", () => {
  stop();
  element("text").value = [...state.text].slice(0, -1).join("");
  setText(element("text").value);
});
element("reset").addEventListener("click", () => setState({}));
element("settings").addEventListener("submit", (event) => event.preventDefault());
element("settings").addEventListener("input", ({ target }) => {
  const value = Math.min(Math.max(Number(target.value), Number(target.min)), Number(target.max));
  state[target.id] = target.id === "temperature" ? value : Math.round(value);
  show();
});
element("heads").addEventListener("change", ({ target }) => {
  [state.block, state.head] = target.value.split(",").map(Number);
  show();
});
const cells = element("cells");
const placeOf = (event) => event.target.closest("button")?.dataset.place;
cells.addEventListener("pointerover", (event) => {
  if (event.pointerType !== "mouse" || !placeOf(event)) return;
  pointed = Number(placeOf(event));
  show();
});
cells.addEventListener("pointerleave", () => { pointed = null; show(); });
cells.addEventListener("click", (event) => placeOf(event) && pin(Number(placeOf(event))));
cells.addEventListener("keydown", (event) => {
  const buttons = [...cells.querySelectorAll("button")];
  const to = moved(event.key, buttons);
  if (to === null) return;
  event.preventDefault();
  pin(to);
  buttons[to].focus();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
addEventListener("hashchange", readAddress);
readAddress();
