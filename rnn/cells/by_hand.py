"""Three recurrent layers in numpy, step by step, against those of Keras.

    python rnn/cells/by_hand.py

Each layer of Keras reads the same short sequences with the same random weights as a few lines of
numpy. You will see what the smallest layer computes step by step, then for SimpleRNN, LSTM and
GRU the number of parameters by formula, and how far the states by hand are from those of Keras.
The figure shows the gates of an LSTM and of a GRU over the steps of a sequence. Takes seconds.
Chapter: rnn/cells/README.md#the-cell-by-hand
"""

from chapter import OUTPUTS

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

from utils.figures import save_figure
from utils.options import make_parser, seed
from utils.runs import make_folder, save_results

FEATURES, UNITS, STEPS, SEQUENCES = 2, 3, 5, 4
SEED = 7  # of weights and sequences


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def simple_rnn(x, kernel, recurrent, bias):
    """Return the state after each step: (sequences, steps, units).

    x has the shape (sequences, steps, features); kernel (features, units) weighs the inputs,
    recurrent (units, units) the state before.
    """
    state, states = np.zeros((len(x), len(bias))), []
    for step in range(x.shape[1]):
        state = np.tanh(x[:, step] @ kernel + state @ recurrent + bias)
        states.append(state)
    return np.stack(states, axis=1)


def lstm(x, kernel, recurrent, bias):
    """Return the states and the gates of an LSTM; each matrix holds four side by side.

    Their order in Keras: input gate, forget gate, candidate, output gate.
    """
    state = memory = np.zeros((len(x), recurrent.shape[0]))
    states, gates = [], []
    for step in range(x.shape[1]):
        sums = x[:, step] @ kernel + state @ recurrent + bias
        input_sum, forget_sum, candidate, output_sum = np.split(sums, 4, axis=1)
        input_gate, forget_gate = sigmoid(input_sum), sigmoid(forget_sum)
        output_gate = sigmoid(output_sum)
        memory = forget_gate * memory + input_gate * np.tanh(candidate)
        state = output_gate * np.tanh(memory)
        states.append(state)
        gates.append([input_gate, forget_gate, output_gate])
    return np.stack(states, axis=1), np.array(gates)  # gates: (steps, 3, sequences, units)


def gru(x, kernel, recurrent, bias):
    """Return the states and the gates of a GRU; each matrix holds three side by side.

    Their order in Keras: update gate, reset gate, candidate. With `reset_after`, the default, the
    reset gate acts after the product with the recurrent matrix, which then has a bias of its own:
    bias[0] belongs to the inputs, bias[1] to the state.
    """
    state = np.zeros((len(x), recurrent.shape[0]))
    states, gates = [], []
    for step in range(x.shape[1]):
        from_input = np.split(x[:, step] @ kernel + bias[0], 3, axis=1)
        from_state = np.split(state @ recurrent + bias[1], 3, axis=1)
        update_gate = sigmoid(from_input[0] + from_state[0])
        reset_gate = sigmoid(from_input[1] + from_state[1])
        candidate = np.tanh(from_input[2] + reset_gate * from_state[2])
        state = update_gate * state + (1 - update_gate) * candidate
        states.append(state)
        gates.append([update_gate, reset_gate])
    return np.stack(states, axis=1), np.array(gates)  # gates: (steps, 2, sequences, units)


BY_HAND = {"SimpleRNN": simple_rnn, "LSTM": lstm, "GRU": gru}


def parameters(name, features, units):
    """Return the number of parameters: for each gate, inputs, state and bias."""
    if name == "GRU":  # two biases, because of reset_after
        return 3 * (features * units + units * units + 2 * units)
    blocks = {"SimpleRNN": 1, "LSTM": 4}[name]
    return blocks * (features * units + units * units + units)


def make_layer(name, random):
    """Return a layer that returns all states, with random weights, biases included."""
    layer = getattr(layers, name)(UNITS, return_sequences=True)
    layer.build((None, STEPS, FEATURES))
    layer.set_weights([random.normal(size=weights.shape) for weights in layer.get_weights()])
    return layer


def show_steps(x, layer):
    """Print what a SimpleRNN computes for one sequence."""
    states = simple_rnn(x[:1], *layer.get_weights())[0]
    before = np.zeros(UNITS)
    with np.printoptions(precision=3, suppress=True, floatmode="fixed", sign=" "):
        for step, state in enumerate(states):
            print(f"step {step + 1}: input {x[0, step]}, state {before} -> {state}")
            before = state


def draw_gates(gates):
    """Draw each gate of the first sequence: a row per unit, a column per step."""
    names = {"LSTM": ["input", "forget", "output"], "GRU": ["update", "reset"]}
    figure, panels = plt.subplots(1, 5, figsize=(9, 2.6))
    titles = [(layer, gate) for layer in names for gate in range(len(names[layer]))]
    for axes, (layer, gate) in zip(panels, titles, strict=True):
        image = axes.imshow(gates[layer][:, gate, 0].T, vmin=0, vmax=1, cmap="Blues")
        axes.set(xlabel="step", yticks=range(UNITS), yticklabels=range(1, UNITS + 1))
        axes.set(xticks=range(STEPS), xticklabels=range(1, STEPS + 1))
        axes.set_title(f"{layer}: {names[layer][gate]}", fontsize=10)
        axes.grid(False)
    panels[0].set_ylabel("unit")
    figure.colorbar(image, ax=panels, shrink=0.7, label="0 closed, 1 open")
    return figure


def main(argv=None):
    """Return for each layer its parameters and the largest difference from Keras."""
    parser = make_parser("Compare recurrent layers by hand with those of Keras.", OUTPUTS)
    parser.add_argument("--seed", type=seed, default=SEED)
    args = parser.parse_args(argv)
    folder = make_folder(args.outputs)
    random = np.random.default_rng(args.seed)
    x = random.normal(size=(SEQUENCES, STEPS, FEATURES))

    results, gates = {}, {}
    for name, by_hand in BY_HAND.items():
        layer = make_layer(name, random)
        if name == "SimpleRNN":
            show_steps(x, layer)
            states = by_hand(x, *layer.get_weights())
        else:
            states, gates[name] = by_hand(x, *layer.get_weights())
        difference = np.abs(states - keras.ops.convert_to_numpy(layer(x))).max()
        formula = parameters(name, FEATURES, UNITS)
        results[name] = {
            "formula": formula,
            "parameters": layer.count_params(),
            "difference": float(difference),
        }
        print(
            f"{name:10} {formula:3} parameters by formula, {layer.count_params():3} in Keras; "
            f"largest difference {difference:.1e}"
        )
    save_figure(draw_gates(gates), folder / "gates.png")
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
