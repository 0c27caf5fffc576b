// Draws on the canvas, sends it to the service after each stroke, and shows the answer.
"use strict";

const canvas = document.getElementById("canvas");
const pen = canvas.getContext("2d");
const digit = document.getElementById("digit");
const seen = document.getElementById("seen").getContext("2d");
const status = document.getElementById("status");
const rows = [];
let drawn = false; // is anything on the canvas?
// The pointer that draws. One stroke at a time: a second finger or the palm draws nothing.
let stroke = null;
let latest = 0; // number of the last question: answers to earlier ones come too late

for (let value = 0; value < 10; value += 1) {
  const row = document.querySelector("#bars tbody").insertRow();
  row.innerHTML = `<th scope="row">${value}</th><td><div class="bar"><i></i></div></td><td></td>`;
  rows.push(row);
}

function clear() {
  latest += 1;
  drawn = false;
  stroke = null;
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  seen.clearRect(0, 0, 28, 28);
  show(Array(10).fill(0), "");
  say("Draw with a mouse, a finger or a pen.");
  document.dispatchEvent(new Event("cleared")); // for pages that show more than this one
}

function say(text, error = false) {
  status.textContent = text;
  status.classList.toggle("error", error);
}

// likely: does the image look like a digit? null if the service does not know
function show(probabilities, best, likely = null) {
  digit.textContent = likely === false ? "?" : best;
  digit.classList.toggle("unsure", likely === false || probabilities[best] < 0.8);
  rows.forEach((row, value) => {
    row.classList.toggle("best", value === best && likely !== false);
    row.querySelector("i").style.width = `${100 * probabilities[value]}%`;
    row.cells[2].textContent = best === "" ? "" : `${(100 * probabilities[value]).toFixed(1)} %`;
  });
}

function showSeen(pixels) {
  const image = seen.createImageData(28, 28);
  pixels.flat().forEach((grey, i) => image.data.set([grey, grey, grey, 255], 4 * i));
  seen.putImageData(image, 0, 0);
}

async function predict() {
  if (!drawn) {
    say("Draw a digit first.", true);
    return;
  }
  latest += 1;
  const question = latest;
  const body = await new Promise((done) => canvas.toBlob(done));
  try {
    const start = performance.now();
    const response = await fetch("read", { method: "POST", body });
    const answer = await response.json().catch(() => ({ error: { message: response.statusText } }));
    if (question !== latest) return;
    if (!response.ok) throw new Error(answer.error.message);
    const likely = answer.looks_like_digit;
    show(answer.probabilities, answer.digit, likely);
    showSeen(answer.pixels);
    document.dispatchEvent(new CustomEvent("answer", { detail: answer }));
    const time = `${answer.model} answered in ${Math.round(performance.now() - start)} ms.`;
    say(likely === false ? `I do not think that this is a digit. ${time}` : time);
  } catch (error) {
    if (question === latest) say(`No answer: ${error.message}`, true);
  }
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  const scale = canvas.width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
}

canvas.addEventListener("pointerdown", (event) => {
  if (stroke !== null || event.button !== 0) return;
  stroke = event.pointerId;
  canvas.setPointerCapture(stroke);
  pen.lineWidth = canvas.width / 14;
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = "#000";
  pen.beginPath();
  pen.moveTo(...place(event));
  pen.lineTo(...place(event));
  pen.stroke();
  drawn = true;
  latest += 1; // whatever is on its way shows an older drawing
});

canvas.addEventListener("pointermove", (event) => {
  if (event.pointerId !== stroke) return;
  const points = event.getCoalescedEvents?.() ?? [];
  for (const point of points.length ? points : [event]) pen.lineTo(...place(point));
  pen.stroke();
});

for (const end of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(end, (event) => {
    if (event.pointerId !== stroke) return;
    stroke = null;
    predict();
  });
}

document.getElementById("clear").addEventListener("click", clear);
document.getElementById("predict").addEventListener("click", predict);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (["c", "C", "Escape", "Delete"].includes(event.key)) clear();
  else if (event.key === "Enter" && event.target.tagName !== "BUTTON") predict();
});
clear();
