MUTANTS = [
    ("third is the best", "loss < losses[best - 1]", "loss < 0"),
    ("never seen", "return epoch, best", "return epoch, losses.index(min(losses)) + 1"),
    ("never stops", "epoch - best >= patience", "False"),
    ("too early", "epoch - best >= patience", "epoch - best >= patience - 1"),
    ("too late", "epoch - best >= patience", "epoch - best > patience"),
    ("no new lowest", "loss < losses[best - 1]", "epoch == 1 or loss < losses[epoch - 2]"),
    ("not a new lowest", "loss < losses[best - 1]", "loss <= losses[best - 1]"),
    ("counts from 1", "start=1", "start=0"),
    ("best", "return epoch, best", "return epoch, epoch"),
    ("best", "return len(losses), best", "return len(losses), len(losses) - 1"),
    ("third", "loss < losses[best - 1]", "loss > losses[best - 1]"),
    (
        "anew",
        "        if epoch - best >= patience:\n",
        "        worse = [b >= min(losses[: i + 1]) for i, b in enumerate(losses[1:epoch])]\n"
        "        if sum(worse) >= patience:\n",
    ),
    (
        "goes on",
        "        if loss < losses[best - 1]:\n            best = epoch\n"
        "        if epoch - best >= patience:\n            return epoch, best\n",
        "        if epoch - best >= patience:\n            return epoch, best\n"
        "        if loss < losses[best - 1]:\n            best = epoch\n",
    ),
    ("results", "return epoch, best", "return epoch"),
    ("third", "return len(losses), best", "return len(losses), 1"),
    ("type", "return len(losses), best", "return len(losses), losses[best - 1:]"),
    (
        "above 1",
        "loss < losses[best - 1]",
        "loss < min(losses[: epoch - 1], default=1.0) and loss < 1.0",
    ),
    (
        "above 1",
        "loss < losses[best - 1]",
        "loss < min(losses[: epoch - 1], default=10) and loss < 10",
    ),
    ("lowest", "loss < losses[best - 1]", "loss < losses[best - 1] - 0.001"),
]

UNSEEN = [
    ("lowest", "loss < losses[best - 1]", "loss < losses[best - 1] - 0.05"),
    ("last", "epoch - best >= patience", "epoch > patience"),
    ("best", "return epoch, best", "return epoch, best - 1"),
]

OTHER = """
def early_stopping(losses, patience):
    lowest, best, waited = float("inf"), 0, 0
    for epoch in range(1, len(losses) + 1):
        waited += 1
        if losses[epoch - 1] < lowest:
            lowest, best, waited = losses[epoch - 1], epoch, 0
        if waited == patience:
            break
    return [epoch, best]
"""
