// Asks the service for one token after the other, and shows what else it might have been.
"use strict";

const MOST = 1000; // tokens that it writes before it stops by itself
const area = document.getElementById("text");
const button = document.getElementById("write");
const sliders = [...document.querySelectorAll("input[type=range]")];
const status = document.getElementById("status");
const body = document.querySelector("#likeliest tbody");
let run = 0; // number of the run; a run that is not the last one ends

function say(text, error = false) {
  status.textContent = text;
  status.classList.toggle("error", error);
}

function showLikeliest({ character, likeliest }) {
  body.replaceChildren(
    ...likeliest.map((one) => {
      const row = document.createElement("tr");
      row.innerHTML = '<th scope="row"></th><td><div class="bar"><i></i></div></td><td></td>';
      row.classList.toggle("best", one.character === character);
      row.cells[0].textContent = one.character.replaceAll("\n", "↵").replaceAll(" ", "␣");
      row.querySelector("i").style.width = `${100 * one.probability}%`;
      row.cells[2].textContent = `${(100 * one.probability).toFixed(1)} %`;
      return row;
    }),
  );
}

// Asks for the next token. What was typed meanwhile is kept: then the answer is dropped.
async function addCharacter(number) {
  const text = area.value;
  const how = Object.fromEntries(sliders.map((one) => [one.id, Number(one.value)]));
  const question = { text: text.slice(-Number(area.dataset.longest)), ...how };
  const headers = { "Content-Type": "application/json" };
  const response = await fetch("next", { method: "POST", headers, body: JSON.stringify(question) });
  const answer = await response.json();
  if (number !== run) return;
  if (!response.ok) throw new Error(answer.error.message);
  if (area.value === text) {
    area.value += answer.character;
    area.scrollTop = area.scrollHeight;
    showLikeliest(answer);
  }
}

function stop() {
  run += 1;
  button.textContent = "Write";
}

async function write(most) {
  stop();
  const number = run;
  button.textContent = "Stop";
  say("It writes.");
  try {
    for (let written = 0; written < most && number === run; written += 1) await addCharacter(number);
    if (number === run) say("It waits.");
  } catch (error) {
    if (number === run) say(`It cannot go on: ${error.message}`, true);
  }
  if (number === run) stop();
}

button.addEventListener("click", () => {
  if (button.textContent === "Stop") {
    stop();
    say("It waits.");
  } else write(MOST);
});
document.getElementById("step").addEventListener("click", () => write(1));
for (const slider of sliders) {
  slider.addEventListener("input", () => {
    document.querySelector(`output[for=${slider.id}]`).textContent = slider.value;
  });
}
