// The settings in the form, and the address that holds them with how far the network has learned.
"use strict";

const field = (name) => document.getElementById(name);
const inputs = [...field("settings").elements].filter((input) => input.id);

// A number within the limits of its field, or what a list offers.
function cleaned(input, value) {
  if (input.type !== "number") {
    return [...input.options].some((option) => option.value === value) ? value : input.value;
  }
  const number = value === "" || !Number.isFinite(Number(value)) ? Number(input.defaultValue) : Number(value);
  const inside = Math.min(Math.max(number, Number(input.min)), Number(input.max));
  return String(input.step.includes(".") ? inside : Math.round(inside));
}

function readSettings() {
  const settings = Object.fromEntries(inputs.map((input) => [input.id, cleaned(input, input.value)]));
  for (const name of ["points", "noise", "layers", "neurons", "rate", "seed"]) {
    settings[name] = Number(settings[name]);
  }
  return settings;
}

const whole = (text, most) => Math.min(Math.max(Math.trunc(Number(text)) || 0, 0), most);

// Sets the form to what the address says. Returns how far to train, if it says so, and what is chosen.
function readAddress() {
  const said = new URLSearchParams(location.hash.slice(1));
  for (const input of inputs) {
    if (said.has(input.id)) input.value = cleaned(input, said.get(input.id));
  }
  const { layers, neurons, points } = readSettings();
  const last = Math.ceil(points / BATCH) - 1; // step of an epoch
  const place = { epoch: whole(said.get("epoch"), MOST), step: whole(said.get("step"), last) };
  const sizes = [2, ...Array(layers).fill(neurons), 1];
  const [one, two, three] = (said.get("neuron") ?? `${layers + 1}`).split(".");
  const layer = whole(one, layers + 1);
  const neuron = whole(two, sizes[layer] - 1);
  const chosen = { layer, neuron, from: layer ? whole(three, sizes[layer - 1]) : 0 };
  return { place: said.has("epoch") ? place : null, chosen };
}

// place: where the network stands, or null while it learns: then the address is that of its start.
function writeAddress(place, { layer, neuron, from }) {
  const said = new URLSearchParams(Object.entries(readSettings()));
  if (place) said.set("epoch", place.epoch);
  if (place) said.set("step", place.step);
  said.set("neuron", [layer, neuron, from].join("."));
  history.replaceState(null, "", `#${said}`);
}
