// What the networks in these pages share.
"use strict";

// Numbers of 32 bits from a text of base64.
function numbersFrom(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}

function softmax(logits, temperature = 1) {
  const most = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp((logit - most) / temperature));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
