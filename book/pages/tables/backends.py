"""The tables of the back ends, compared on all kinds of scripts and on a recurrent network."""

from book.pages.tables.common import load_results, markdown, percent, table

NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def compared(results, columns):
    """Return a row for each back end; columns: {script of backends.py: heading}."""
    rows = []
    for backend, scripts in load_results(results).items():
        if backend in NAMES:
            version = next(iter(scripts.values()))["version"].split()[1].partition("+")[0]
            cells = [
                f"{scripts[name]['seconds']:.0f} s, {percent(scripts[name]['accuracy'], 1)}"
                for name in columns
            ]
            rows.append([f"{NAMES[backend]} {version}", *cells])
    return markdown(["back end", *columns.values()], *rows)


@table
def backends():
    headings = {"xor": "XOR", "churn": "churn, second lesson", "mnist": "`conv_net`, 3 epochs"}
    return compared("backends", headings)


@table
def backends_lstm():
    return compared("backends_lstm", {"lstm": "`lstm`, 1 epoch"})
