// Draws the loss over the epochs, and the loss along one weight with the next step down on it.
"use strict";

function drawLosses(canvas, losses) {
  const { context, width, height } = sharp(canvas);
  const most = Math.max(0.8, ...losses.flat().filter(Number.isFinite));
  const last = Math.max(50, losses.length - 1);
  write(context, [[most.toFixed(1), 6, 14], ["0", 6, height - 8], [`epoch ${last}`, width - 8, height - 8, "right"]]);
  [[colors.accent, []], [colors.warm, [7, 4]]].forEach(([color, dashes], which) => {
    const points = losses.map((pair, n) => [
      30 + ((width - 40) * n) / last,
      height - 24 - ((height - 36) * Math.min(pair[which], most)) / most,
    ]);
    line(context, points, color, 2.5, dashes);
  });
}

function write(context, texts) {
  context.font = "13px system-ui, sans-serif";
  context.fillStyle = colors.quiet;
  for (const [text, x, y, align = "left"] of texts) {
    context.textAlign = align;
    context.fillText(text, x, y);
  }
}

function line(context, points, color, width, dashes = []) {
  context.beginPath();
  points.forEach((point) => context.lineTo(...point));
  context.strokeStyle = color;
  context.lineWidth = width;
  context.setLineDash(dashes);
  context.stroke();
  context.setLineDash([]);
}

// How far to both sides the slice goes: 1, or so far that the step fits in.
const reachOf = ({ move }) => 2 ** Math.max(0, Math.ceil(Math.log2(Math.abs(move) * 1.25 + 1e-9)));

// slice: [value, loss] of a weight from left to right, the present value in the middle.
function drawDescent(canvas, slice, { gradient, now, after }) {
  const { context, width, height } = sharp(canvas);
  const losses = slice.map(([, loss]) => loss);
  const [least, most] = [Math.min(...losses), Math.max(...losses)];
  const room = Math.max(most - least, 0.02);
  const [[first], [last]] = [slice[0], slice[slice.length - 1]];
  const x = (value) => 10 + ((width - 20) * (value - first)) / (last - first);
  const lowest = (least + most - room) / 2;
  const y = (loss) => height - 32 - ((height - 52) * (loss - lowest)) / room;
  const lossAt = (value) => {
    const at = ((value - first) / (last - first)) * (slice.length - 1);
    const left = Math.min(Math.floor(at), slice.length - 2);
    return losses[left] + (at - left) * (losses[left + 1] - losses[left]);
  };
  const loss = lossAt(now);
  const ends = [first, last].map((value) => [x(value), y(loss + gradient * (value - now))]);
  context.save();
  context.beginPath();
  context.rect(0, 0, width, height - 22);
  context.clip();
  line(context, ends, colors.quiet, 1.5, [3, 3]);
  line(context, slice.map(([value, one]) => [x(value), y(one)]), colors.accent, 2.5);
  context.restore();
  line(context, [[x(now), y(loss)], [x(after), y(loss)], [x(after), y(lossAt(after))]], colors.warm, 2);
  for (const [value, filled] of [[now, true], [after, false]]) {
    context.beginPath();
    context.arc(x(value), y(lossAt(value)), filled ? 5 : 6.5, 0, 2 * Math.PI);
    context.fillStyle = colors.text;
    context.strokeStyle = colors.warm;
    context.lineWidth = 2.5;
    if (filled) context.fill();
    else context.stroke();
  }
  const places = [[first, 8, "left"], [now, x(now), "center"], [last, width - 8, "right"]];
  write(context, places.map(([value, at, align]) => [shortNumber(value, 2), at, height - 6, align]));
  write(context, [[`loss ${shortNumber(most, 3)}`, 8, 14], [`lowest here ${shortNumber(least, 3)}`, width - 8, 14, "right"]]);
}

// With a minus sign that is as wide as a plus; small numbers keep two digits.
function shortNumber(value, digits = 4) {
  const size = Math.abs(value);
  const text = size < 1e-9 || size >= 10 ** (1 - digits) ? size.toFixed(digits) : size.toPrecision(2);
  return (value < 0 && Number(text) > 0 ? "−" : "") + text;
}
