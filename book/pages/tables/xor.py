"""The tables of the chapter on XOR."""

from book.pages.tables.common import load_results, markdown, percent, table


def xor_table(title, *labels):
    """Return the shares solved of setups of xor/initializations.py, {label: how to find it}."""
    measured = {
        (setup["network"], setup["activation"], setup["optimizer"], setup["learning_rate"]): setup
        for setup in load_results("xor_initializations")["setups"]
    }
    rows = [
        [label, *(percent(share, 1) for share in measured[key]["solved"].values())]
        for label, key in labels
    ]
    return markdown([title, "300 epochs", "500 epochs", "1,000 epochs"], *rows)


def xor_networks(*networks):
    """Return the table of networks with relu and Adam at 0.001."""
    keys = [(n, "none" if n == "2-1" else "relu", "adam", 0.001) for n in networks]
    return xor_table("network", *zip(networks, keys, strict=True))


@table
def xor_layers():
    return xor_networks("2-1", "2-8-1", "2-8-4-1", "2-8-8-4-1", "2-16-8-4-1")


@table
def xor_neurons():
    one = [f"2-{n}-1" for n in (2, 4, 8, 16, 32)]
    return xor_networks(*one, "2-4-2-1", "2-8-4-1", "2-16-8-1", "2-32-16-1")


@table
def xor_activations():
    pairs = [("relu", 0.001), ("relu", 0.01), ("leaky_relu", 0.001), ("tanh", 0.001)]
    pairs += [("tanh", 0.01), ("sigmoid", 0.001), ("sigmoid", 0.01)]
    keys = [(f"{a}, {rate}", ("2-8-4-1", a, "adam", rate)) for a, rate in pairs]
    return xor_table("activation, learning rate", *keys)


@table
def xor_optimizers():
    pairs = [("adam", 0.001), ("rmsprop", 0.001), ("sgd", 0.001), ("sgd", 0.01), ("sgd", 0.1)]
    keys = [(f"{o}, {rate}", ("2-8-4-1", "relu", o, rate)) for o, rate in pairs]
    return xor_table("optimizer, learning rate", *keys)


@table
def xor_rates():
    keys = [(str(rate), ("2-8-4-1", "relu", "adam", rate)) for rate in (0.0001, 0.001, 0.01, 0.1)]
    return xor_table("learning rate", *keys)
