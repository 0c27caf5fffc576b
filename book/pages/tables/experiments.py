"""The tables of the experiments on MNIST."""

from book.pages.tables.common import TABLES, load_results, markdown
from book.pages.tables.mnist import accuracies


def experiment(group, title):
    """Return the table of one group of mnist/mnist_experiments.py."""
    return markdown(
        [title, "parameters", "training", "validation"],
        *[
            [label, f"{line['parameters']:,}"] + accuracies(line, "train", "validation")
            for label, line in load_results("mnist_experiments")[group].items()
        ],
    )


for name, title in {
    "neurons": "hidden layers",
    "activation": "activation",
    "optimizer": "optimizer and rate",
    "learning_rate": "rate of Adam",
    "batch_size": "batch size",
    "images": "training images",
    "filters": "filters",
    "normalization": "batch normalization",
    "momentum": "momentum, after one epoch",
    "flips": "flips",
}.items():
    TABLES[f"mnist_{name}"] = lambda name=name, title=title: experiment(name, title)
