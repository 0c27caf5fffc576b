"""Machinery of the exercises: wrong solutions that were written after the checks.

The mutants in the checks were at hand while the checks were written, and helped to write them.
These were not: they came last, and no check was changed because of what they brought to light. So
their share says how a check fares with a fault that nobody thought of. As there: the word that the
sentence must contain, what is replaced in the reference, and by what.
Chapter: exercises/README.md#wrong-solutions
"""

SQUARES = "squares.max(axis=(1, 3))"
UNSEEN = {
    "neuron": [
        ("sigmoid", "1 / (1 + np.exp(-total))", "1 / (1 + np.exp(-2 * total))"),
        ("bias", "inputs @ weights + bias", "inputs @ weights * bias"),
        ("added", "inputs @ weights", "inputs.sum() * weights.sum()"),
    ],
    "forward": [
        ("relu", "np.maximum(sums, 0)", "np.maximum(sums, 0.01 * sums)"),
        ("bias", "+ hidden_biases", "+ hidden_biases.mean()"),
        ("output weight", "hidden @ output_weights", "hidden @ np.abs(output_weights)"),
    ],
    "cross_entropy": [
        ("do not count", "1 - predictions)", "1.0)"),
        ("mean", "np.mean(", "np.median("),
        ("-ln", "-np.log(right)", "np.log1p(1 - right)"),
    ],
    "gradient_step": [
        ("gradient", "x @ weights - y", "np.clip(x @ weights - y, -0.5, 0.5)"),
        ("move", "weights - learning_rate", "(1 - learning_rate) * weights - learning_rate"),
        ("gradient", "errors @ x / len(x)", "errors[0] * x[0]"),
    ],
    "backpropagation": [
        ("d_w1", "x.T @ d_hidden_sum", "np.abs(x).T @ d_hidden_sum"),
        ("d_b2", "d_output * output * (1 - output)", "d_output * output"),
        ("w2", "d_output_sum @ w2.T", "d_output_sum @ np.sign(w2).T"),
    ],
    "adam": [
        ("step", "np.sqrt(1 - 0.999**step)", "(1 - 0.999**step)"),
        ("step", "0.9**step)\n", "0.9 ** (step + 1))\n"),
        ("`square`", "0.999 * square + 0.001", "0.99 * square + 0.01"),
    ],
    "scale": [
        ("mean", "train.mean(axis=0)", "np.median(train, axis=0)"),
        ("constant", "np.where(deviation == 0, 1, deviation)", "deviation + 1e-8"),
        ("validation", "(validation - mean) / deviation",
         "np.clip((validation - mean) / deviation, -1, 1)"),
    ],
    "scores": [
        ("precision", "max(np.sum(predicted == 1), 1)", "max(np.sum(predicted == 0), 1)"),
        ("F1", "2 * precision * recall / (precision + recall)", "min(precision, recall)"),
        ("F1", "2 * precision * recall / (precision + recall)",
         "5 * precision * recall / (4 * precision + recall)"),
    ],
    "softmax": [
        ("sum to", "powers / powers.sum(axis=1, keepdims=True)",
         "(powers / powers.sum(axis=1, keepdims=True)).round(1)"),
        ("positive", "np.exp(", "np.expm1("),
        ("factor", "np.exp(logits - logits.max(axis=1, keepdims=True))",
         "np.exp(-((logits - logits.max(axis=1, keepdims=True)) ** 2))"),
    ],
    "split_by_group": [
        ("share", "groups == writer", "groups <= writer"),
        ("same split", "random.permutation(np.unique(groups))", "np.unique(groups)[::-1]"),
        ("array", "np.flatnonzero(chosen)", "np.flatnonzero(chosen).tolist()"),
    ],
    "early_stopping": [
        ("lowest", "loss < losses[best - 1]", "loss < losses[best - 1] - 0.05"),
        ("last", "epoch - best >= patience", "epoch > patience"),
        ("best", "return epoch, best", "return epoch, best - 1"),
    ],
    "dropout": [
        ("expected sum", "x / (1 - rate)", "x / kept.mean()"),
        ("rate", ">= rate", ">= rate / 2"),
        ("nothing is dropped", "0.0)", "1e-3)"),
    ],
    "batch_norm": [
        ("standard deviation", "x.var(axis=0)", "x.var(axis=0, ddof=1)"),
        ("mean", "gamma * (x - mean)", "gamma * (x - moving_mean)"),
        ("moving mean", "0.99 * moving_mean + 0.01 * mean", "0.9 * moving_mean + 0.1 * mean"),
    ],
    "convolve": [
        ("weight", "np.tensordot(seen, kernels, axes=3)",
         "np.abs(np.tensordot(seen, kernels, axes=3))"),
        ("filter", "np.tensordot(seen, kernels, axes=3)",
         "np.tensordot(seen, kernels, axes=3)[::-1]"),
        ("channel", "np.tensordot(seen, kernels, axes=3)",
         "np.tensordot(seen, kernels[:, :, ::-1], axes=3)"),
    ],
    "max_pool": [
        ("negative", SQUARES, "abs(squares).max(axis=(1, 3))"),
        ("largest", SQUARES, "np.median(squares, axis=(1, 3))"),
        ("shape", SQUARES, "squares.max(axis=(1, 3)).transpose(1, 0, 2)"),
    ],
    "lstm_step": [
        ("state", "np.tanh(memory)", "np.tanh(candidate)"),
        ("forget gate", "sigmoid(forget_sum)", "sigmoid(forget_sum + 1)"),
        ("gate", "sigmoid(input_sum) *", "(1 - sigmoid(forget_sum)) *"),
    ],
    "windows": [
        ("window", "return x, y", "return x - x.mean(axis=1, keepdims=True), y"),
        ("begins", "return x, y", "return x[1:], y[1:]"),
        ("window should have", "np.arange(history)]", "np.arange(horizon)]"),
    ],
    "merge": [
        ("went in", "place += 2", "place += 3"),
        ("neighbours", "Counter(pairwise(pieces))",
         "Counter(tuple(sorted(pair)[::-1]) for pair in pairwise(pieces))"),
        ("becomes", "tuple(pieces[place : place + 2]) == pair",
         "counts[tuple(pieces[place : place + 2])] == counts[pair]"),
    ],
    "attention": [
        ("divided", "/ np.sqrt(query.shape[-1])", "* np.sqrt(query.shape[-1])"),
        ("lets", "k=1", "k=3"),
        ("mixture", "shares @ value", "shares @ (value - value.mean(axis=0))"),
    ],
    "choose": [
        ("shares", "[:top_k]", "[: (top_k or len(logits)) - 1 or 1]"),
        ("temperature", "/ temperature", "/ temperature**2"),
        ("always", "temperature == 0", "temperature <= 1"),
    ],
}  # fmt: skip
