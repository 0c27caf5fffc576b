import numpy as np
from hypothesis import strategies as st

from exercises.bench import close, expect, match, numbers

RESULTS = ("state", "memory")
HINTS = [
    "First the sums of all four parts at once: the inputs by the kernel, the state by the "
    "recurrent matrix, and the bias. `np.split` takes them apart, along the columns.",
    "The memory is multiplied by the forget gate, and the candidate, after tanh, by the input "
    "gate is added to it. A gate is the sigmoid of its sum.",
    "The new state is made of the new memory: its tanh, times the output gate. The state is "
    "returned first.",
]
OPEN, SHUT = 50.0, -50.0  # sums with which a gate is quite open, or shut


def check(ask):
    x, state = np.zeros((1, 1)), np.zeros((1, 2))
    memory = np.array([[0.8, -15.0]])
    nothing = np.zeros((1, 8)), np.zeros((2, 8))

    def gates(input_sum, forget_sum, candidate, output_sum):
        """Return state and memory where only the bias counts."""
        bias = np.repeat([input_sum, forget_sum, candidate, output_sum], 2)
        return ask(x, state, memory, *nothing, bias)

    away, kept = gates(SHUT, OPEN, 0.7, OPEN)
    expect(
        not close(kept, memory / 2),  # of gates that are half open: all sums are 0
        "The bias is left out of the sums: with another bias the gates stay as they are.",
    )
    expect(
        not (close(away, memory) and close(kept, np.tanh(memory))),
        "State and memory have changed places: the state is returned first.",
        hint=3,
    )
    expect(
        not close(gates(OPEN, OPEN, 0.7, OPEN)[1], 0),
        "With a sum of 50 each gate should be open, and all of them are shut: the sigmoid is "
        "near 1 for large numbers.",
        hint=2,
    )
    # As if every fourth column belonged together: what were the bias of each part then?
    fourth = np.repeat([SHUT, OPEN, 0.7, OPEN], 2).reshape(2, 4).T.ravel()
    order = "The parts are taken in another order than input, forget, candidate, output."
    match(
        kept,
        memory,
        "With the forget gate open and the input gate shut the memory should stay as it is.",
        [
            (
                0 * memory,
                "With the forget gate open the memory is lost, and with the gate shut it would "
                "stay: it is the other way round, whatever the name says.",
            ),
            (
                np.tanh(memory),
                "The old memory goes through tanh on its way; nothing but the forget gate is "
                "there.",
            ),
            (np.tanh(0.7) + 0 * memory, order, 1),
            (
                ask.solution(x, state, memory, *nothing, fourth)[1],
                "It takes every fourth column. The parts lie side by side: all columns of the "
                "input gate come first.",
                1,
            ),
        ],
        hint=2,
    )
    new = gates(OPEN, SHUT, 0.7, OPEN)[1]
    match(
        new,
        np.tanh(0.7) + 0 * memory,
        "With the forget gate shut and the input gate open the "
        "new memory should be the candidate, after tanh.",
        [
            (np.ones((1, 2)), order, 1),
            (memory, "The memory that it returns is the old one, whatever the gates are."),
            (0.7 + 0 * memory, "The candidate is taken as it is; it goes through tanh."),
            (
                1 / (1 + np.exp(-0.7)) + 0 * memory,
                "The candidate goes through the sigmoid; it goes through tanh.",
            ),
            (
                np.tanh(0.7) + memory,
                "With the forget gate shut the old memory is still there: it is not multiplied by "
                "the gate.",
            ),
        ],
        hint=2,
    )
    both = gates(OPEN, OPEN, 0.7, OPEN)[1]
    match(
        both,
        np.tanh(0.7) + memory,
        "With both gates open the memory should be the old one plus the candidate.",
        hint=2,
    )
    none = gates(SHUT, SHUT, 0.7, OPEN)[1]
    match(
        none,
        0 * memory,
        "With the input gate shut the candidate should not get into the memory.",
        hint=2,
    )
    shown = gates(SHUT, OPEN, 0.7, OPEN)[0]
    match(
        shown,
        np.tanh(memory),
        "With the output gate open the state should be tanh of the memory.",
        [
            (memory, "The state is the memory as it is; it goes through tanh."),
            (
                1 / (1 + np.exp(-memory)),
                "The memory goes through the sigmoid on its way to the state; it goes through "
                "tanh.",
            ),
        ],
        hint=3,
    )
    hidden = gates(SHUT, OPEN, 0.7, SHUT)
    expect(
        close(hidden[0], 0),
        "With the output gate shut the state should be 0: the gate is "
        "missing, or another one is taken.",
        hint=3,
    )
    expect(
        close(hidden[1], memory),
        "The output gate changes the memory; it is only for the state.",
        hint=3,
    )
    fresh = gates(OPEN, SHUT, 0.7, OPEN)[0]
    match(
        fresh,
        np.tanh(np.tanh(0.7)) + 0 * memory,
        "The state is made of the old memory; it is the new one that is shown.",
        hint=3,
    )
    match(
        gates(0.3, SHUT, 0.7, OPEN)[1],
        np.tanh(0.7) / (1 + np.exp(-0.3)) + 0 * memory,
        "A gate with the sum 0.3 should be open by its sigmoid, 0.574. The input gate is not.",
        hint=2,
    )
    match(
        gates(SHUT, 0.3, 0.7, OPEN)[1],
        memory / (1 + np.exp(-0.3)),
        "A gate with the sum 0.3 should be open by its sigmoid, 0.574. The forget gate is not.",
        hint=2,
    )
    random = np.random.default_rng(1)
    four = [(4, 1), (4, 1), (4, 1), (1, 4), (1, 4), (4,)]  # four sequences, and one unit
    ask(*(random.normal(size=size) for size in four))
    sizes = [(4, 3), (4, 2), (4, 2), (3, 8), (2, 8), (8,)]
    arguments = [random.normal(size=size) for size in sizes]
    found, right = ask(*arguments), ask.solution(*arguments)
    no_inputs, no_state = (
        [0 * one if number == place else one for number, one in enumerate(arguments)]
        for place in (0, 1)
    )
    match(
        found[1],
        right[1],
        "The gates are right, the sums that go into them are not: they are "
        "made of the inputs, the state of the step before and the bias.",
        [
            (ask.solution(*no_inputs)[1], "The inputs are left out of the sums."),
            (ask.solution(*no_state)[1], "The state of the step before is left out of the sums."),
        ],
    )
    match(
        found[0],
        right[0],
        "The memory is right, the state is not: of what are the output gate's sums made?",
    )


@st.composite
def inputs(draw):
    sequences, features, units = (draw(st.integers(1, 6)) for _ in range(3))
    shapes = (sequences, features), (sequences, units), (sequences, units)
    weights = (features, 4 * units), (units, 4 * units), (4 * units,)
    scales = 1.0, 1.0, None, 1.0, 1.0, 1.0
    return tuple(map(lambda *of: numbers(draw, *of), (*shapes, *weights), scales))
