"""The faults, broken training runs, the checklist, the doctor, watching a run, the blind drill."""

import math
from functools import partial
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import failure, load

from mnist.data import Digits
from utils.files import load_results
from visualizing.debugging import cases, check_network, forms, symptoms
from visualizing.debugging.faults import COUNT, FAULTS, Training
from visualizing.debugging.symptoms import Patient

broken = load("visualizing/debugging/broken.py")
checklist = load("visualizing/debugging/checklist.py")
doctor = load("visualizing/debugging/doctor.py")
drill = load("visualizing/debugging/drill.py")


def test_the_register_and_the_filed_runs_agree():
    """A new fault: is it counted, entered last, diagnosed, and measured with the others?"""
    assert len(FAULTS) == COUNT + 1, "COUNT is what the pages say"
    checks = {check.__name__ for check in symptoms.CHECKS}
    gallery = load_results("broken")
    assert set(FAULTS) == set(gallery) - {"provenance"}, "python book/measuring/measure.py broken"
    assert set(FAULTS) == set(load_results("checklist")) - {"provenance"}
    for name, fault in FAULTS.items():
        assert fault.reading, f"no finding makes the doctor say {name}"
        known = checks | {"low_rate", "high_rate"}
        assert fault.found <= checks and set().union(*fault.reading.values()) <= known, name
        assert fault.found <= set(gallery[name]["findings"]), name
        assert gallery[name]["findings"] or name == "healthy"
    for run in load_results("drill")["runs"]:
        assert cases.draw_case(run["seed"]).fault == run["fault"], "the filed runs are dealt anew"
        patient = SimpleNamespace(settings={})
        assert cases.diagnose(patient, run["findings_doctor"]) == run["doctor"]


def pictures(count, first=0):
    """Return so many different images, and their labels, one-hot."""
    x = np.zeros((count, 784), "float32")
    x[np.arange(count), first + np.arange(count)] = 1
    return x.reshape(-1, 28, 28, 1), np.eye(10, dtype="float32")[np.arange(count) % 10]


def begin(name="healthy"):
    """Return a training with a fault, and all of it that a fault may change."""
    keras.utils.set_random_seed(1)
    digits = Digits(*pictures(300), *pictures(60, first=300))
    training = Training(digits, np.random.default_rng(1))
    FAULTS[name].put_into(training)
    layers = training.model.layers
    activations = [one.activation.__name__ for one in layers if hasattr(one, "activation")]
    values = training.digits._asdict() | {"activations": activations}
    values["weights"] = b"".join(array.tobytes() for array in training.model.get_weights())
    return training, values | {
        key: getattr(training, key) for key in ("learning_rate", "batch_size", "shuffle")
    }


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_changes_what_its_entry_says(name):
    (_, fine), (_, wrong) = begin(), begin(name)
    same = {key for key in fine if np.array_equal(fine[key], wrong[key])}
    assert set(fine) - same == FAULTS[name].changes


def test_faults_of_the_data_are_those_that_their_names_say():
    """Three faults that only a long training shows: what they do to images and labels."""
    digits = begin()[0].digits
    of_image = {x.tobytes(): y for x, y in zip(digits.x_train, digits.y_train, strict=True)}

    def share_right(x, y):
        return np.mean([(of_image[x.tobytes()] == y).all() for x, y in zip(x, y, strict=True)])

    found = [begin(name)[0].digits for name in ("labels_shuffled", "leak", "not_shuffled")]
    shuffled, leak, ordered = found
    assert share_right(shuffled.x_train, shuffled.y_train) < 0.2
    np.testing.assert_array_equal(shuffled.y_train.sum(axis=0), digits.y_train.sum(axis=0))
    assert share_right(leak.x_train, leak.y_train) == share_right(leak.x_val, leak.y_val) == 1
    assert len(leak.x_val) == 150 and check_network.twins(leak.x_train, leak.x_val) > 75
    assert share_right(ordered.x_train, ordered.y_train) == 1
    assert (np.diff(ordered.y_train.argmax(axis=1)) >= 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["healthy", "dead_relus"])
def test_a_few_epochs_are_enough_for_the_doctor(fault, few_digits, tmp_path, capsys):
    """From the training to the finding; some faults show themselves early."""
    options = ["--epochs", "5", "--images", "300", "--outputs", str(tmp_path)]
    results = broken.main([fault, *options])
    assert set(results) == {fault}
    assert FAULTS[fault].found <= set(results[fault]["findings"])
    assert results[fault]["findings"] == {} or fault != "healthy"
    assert (tmp_path / "broken.png").exists()
    assert ("64 of 64 in dense" in capsys.readouterr().out) == (fault == "dead_relus")


def test_what_was_learned_by_heart_is_seen_in_the_scores():
    """Good on what the run has seen, and not on other images: wrong labels, or a leak."""
    labels = np.arange(100) % 10

    def patient(train, validation, others):
        answers = np.eye(10)[(labels + (np.arange(100) >= 100 * others)) % 10]
        said = {"train": {"accuracy": train}, "validation": {"accuracy": validation}}
        return Patient(None, said, {}, None, labels, answers, answers, {})

    assert "90% of the training" in symptoms.unrelated_labels(patient(0.9, 0.1, 0.1))
    assert symptoms.unrelated_labels(patient(0.15, 0.1, 0.1)) is None
    assert symptoms.unrelated_labels(patient(0.9, 0.9, 0.9)) is None
    assert "95.0% on its validation" in symptoms.leak(patient(1, 0.95, 0.9))
    assert symptoms.leak(patient(1, 0.91, 0.9)) is None


def falling(epochs, step, last):
    """Return a history of both losses that fall, and of an accuracy that ends at the last one."""
    losses = [2.3 - step * epoch for epoch in range(epochs)]
    return {"loss": losses, "val_loss": losses, "accuracy": [0.1] * (epochs - 1) + [last]}


def rising(end, after):
    """Return a history whose validation loss is at its end for so many epochs after the best."""
    return {"loss": [2.0] * 3 + [1.0] * after, "val_loss": [1.0] * 3 + [end] * after}


def ended(accuracy, validation):
    return {"accuracy": [accuracy], "val_accuracy": [validation]}


LN = math.log(10)
DEAD = {share: {"hidden": np.tile(np.arange(10) >= share, (3, 1))} for share in (5, 6)}
ADAM = {"optimizer": "adam"}
# Of each check: what it looks at; what, just beyond its threshold, is a finding; and what is none.
EDGES = {
    "unusual_rate": ("settings", [ADAM | {"learning_rate": rate} for rate in (0.00009, 0.011)],
                     [ADAM | {"learning_rate": rate} for rate in (0.0001, 0.01)]),
    "small_batches": ("settings", [{"batch_size": 7}], [{"batch_size": 8}]),
    "diverged": ("history", [{"loss": [2.3, math.nan]}], [{"loss": [2.3, 2.4]}]),
    "learned_nothing": ("history", [{"accuracy": [0.1, 0.19], "loss": [2.3, 2.3]}],
                        [{"accuracy": [0.21, 0.1], "loss": [2.3, 2.3]}]),
    "loud_start": ("history", [{"loss": [1.31 * LN, 1.0]}], [{"loss": [1.29 * LN, 1.0]}]),
    "training_lags": ("history", [ended(0.9, 0.96)], [ended(0.9, 0.94)]),
    "still_learning": ("history", [falling(5, 0.01, 0.79)],
                       [falling(4, 0.01, 0.79), falling(5, 0.0009, 0.79), falling(5, 0.01, 0.8)]),
    "overfitting": ("history", [rising(1.06, 5)], [rising(1.04, 5), rising(1.06, 4)]),
    "not_probabilities": ("predictions", [np.full((5, 10), share) for share in (0.098, 0.102)],
                          [np.full((5, 10), 0.1005)]),
    "dead_neurons": ("outputs", [DEAD[6]], [DEAD[5]]),
}  # fmt: skip


@pytest.mark.parametrize("check", EDGES)
def test_what_is_a_finding_and_what_is_not_yet(check):
    layers = [keras.layers.Dense(10, activation="relu", name="hidden"), keras.layers.Dense(10)]
    if check == "small_batches":
        layers.append(keras.layers.BatchNormalization())
    field, *sides = EDGES[check]
    for values, found in zip(sides, (True, False), strict=True):
        for value in values:
            fields = dict.fromkeys(Patient.__dataclass_fields__)
            fields["model"] = SimpleNamespace(layers=layers, loss=None)
            fields[field] = pd.DataFrame(value) if field == "history" else value
            assert bool(getattr(symptoms, check)(Patient(**fields))) == found


@pytest.mark.slow
def test_the_checklist_shows_each_fault(tmp_path):
    """What the table of the chapter is made of, measured anew for some faults of the set-up."""
    names = ("healthy", "dead_relus", "leak")
    healthy, dead, leak = (
        checklist.main([name, "--outputs", str(tmp_path)])[name] for name in names
    )
    assert healthy["loss_at_start"] == pytest.approx(math.log(10), abs=0.05)
    assert healthy["one_batch"] < 0.01 < 1 < dead["one_batch"]
    assert healthy["predictions_vary"] > 0.99 > 0.5 > dead["predictions_vary"]
    assert healthy["least_gradient"] > 0 == dead["least_gradient"]
    assert healthy["twins"] == 0 < 200 < leak["twins"]


def network(inputs, outputs, last, loss):
    """Return a compiled network with one hidden layer, for a table."""
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(16, "relu"), keras.layers.Dense(outputs, last)]
    model = keras.Sequential([keras.Input((inputs,)), *layers])
    model.compile(keras.optimizers.Adam(0.01), loss)
    return model


def table(rows=300, classes=3):
    """Return a table that is easy to learn, sorted by class, and its classes."""
    y = np.sort(np.arange(rows) % classes)
    return np.random.default_rng(0).normal(0, 0.3, (rows, 4)) + np.eye(classes, 4)[y], y


WRONG = {
    "one softmax": "one neuron with softmax",
    "sorted": "was a sorted table cut in two?",
    "rare class first": "only one of the two parts has rows of class 1",
    "copies": "validation rows are among the training rows",
    "large": "the inputs are large",
    "classes": "one output for 3 classes",
    "quantity": "scale what it should answer",
}


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1:UserWarning")
@pytest.mark.filterwarnings("ignore:Even though the `tf.config:UserWarning")
@pytest.mark.parametrize("fault", [*WRONG, "binary", "one-hot", "numbers"])
def test_any_network_is_checked_and_its_fault_named(fault, request):
    """Faults written from nothing, and three trainings without one."""
    learns = fault == "one softmax" or fault not in WRONG
    if not learns:  # what is wrong is seen before it has learned
        request.getfixturevalue("eagerly")
    two = fault in ("one softmax", "binary", "copies", "large", "rare class first")
    x, y = table(900 if fault == "rare class first" else 300, 2 if two else 3)
    if fault in ("quantity", "numbers"):
        y = x @ [1, 2, 3, 4] if fault == "numbers" else 500 + 100 * x[:, 0]
    if fault == "rare class first":
        rare = [*np.flatnonzero(y == 1)[: len(y) // 9], *np.flatnonzero(y == 0)]
        x, y = x[rare], y[rare]
    elif fault != "sorted":
        order = np.random.default_rng(1).permutation(len(y))
        x, y = x[order], y[order]
    if fault == "copies":
        x, y = np.tile(x, (2, 1)), np.tile(y, 2)
    x *= 100 if fault == "large" else 1
    if fault == "one-hot":
        model, y = network(4, 3, "softmax", "categorical_crossentropy"), np.eye(3)[y]
    elif fault == "sorted":
        model = network(4, 3, "softmax", "sparse_categorical_crossentropy")
    elif fault in ("quantity", "numbers"):
        model = network(4, 1, None, "mse")
    else:
        last = "softmax" if fault == "one softmax" else "sigmoid"
        model = network(4, 1, last, "binary_crossentropy")
    before = model.get_weights()
    assert all(map(np.array_equal, before, forms.copy(model).get_weights()))
    found = check_network.check(model, x, y, steps=150 if learns else 1)
    assert all(map(np.array_equal, before, model.get_weights())), "the network learned"
    if fault in WRONG:
        assert WRONG[fault] in " ".join(found["stands_out"])
    else:
        assert found["stands_out"] == []
    if fault == "one softmax":
        assert found["one_batch"] < 0.1 and found["one_batch_accuracy"] < 0.9


def like(outputs, loss, predict=None):
    """Return what passes for a network that gives so many outputs."""
    ones, shape = [None], (None, outputs)
    return SimpleNamespace(
        inputs=ones, outputs=ones, input_shape=shape, output_shape=shape, optimizer=True,
        loss=loss, predict=lambda x, verbose: predict(x),
    )  # fmt: skip


def test_labels_are_read_as_what_they_are():
    """As classes or quantities; how far two parts are apart, and which class one of them lacks."""
    for y, outputs, loss, classes in [
        ([[0, 1], [1, 0], [0, 1]], 2, "mse", [1, 0, 1]),
        ([[1, 1], [0, 0]], 2, "mse", None),
        ([[0], [1]], 1, "mse", [0, 1]),
        ([[0], [2]], 1, "mse", None),
        ([[0], [2]], 3, "mse", [0, 2]),
        ([[0], [3]], 1, "sparse_categorical_crossentropy", [0, 3]),
        ([[-1], [0]], 1, "mse", None),
        ([[0.5], [1]], 1, "mse", None),
    ]:
        found = forms.classes_of(like(outputs, loss), np.array(y))
        assert (None if found is None else found.tolist()) == classes
    some, others = np.array([0, 0, 3, 3]), np.array([0, 3, 3, 3, 4])
    for pair in ((some, others), (others, some)):
        assert forms.apart(*pair)[0] == pytest.approx(0.3)
    assert forms.missing(np.repeat([0, 1, 2], [78, 18, 4]), np.zeros(60)) == [1]


def test_a_network_is_judged_beside_one_that_says_the_same_of_every_row():
    x = np.arange(20.0)[:, None] * [1, 3]
    found = forms.judge(like(2, "mse", lambda x: x), x, x + [1, 0])
    assert found["training"] == {"network": 0.5, "same_answer": 8}  # of 16 rows
    assert found["validation"] == {"network": 0.5, "same_answer": 20}
    y = np.array([0] * 7 + [1] * 3)
    right, wrong = {"network": 1, "same_answer": 0.7}, {"network": 0.3, "same_answer": 0.7}
    rows = np.eye(2)[y] + [[0.2, 0]]
    found = forms.judge(like(2, "sparse_crossentropy", lambda x: x), rows, y, rows, 1 - y)
    assert list(found.values()) == [right, wrong | {"network": 0}]
    for loss, limit in (("binary_crossentropy", 0.5), (keras.losses.BinaryCrossentropy(True), 0)):
        rows = np.where(y, limit + 0.1, limit - 0.1)[:, None]
        found = forms.judge(like(1, loss, lambda x: x), rows, y, np.ones((10, 1)), y)
        assert list(found.values()) == [right, wrong]


def test_a_network_in_a_file_is_checked(run_main, tmp_path, capsys):
    """As it stands, and again with new weights; what cannot be checked ends with one line."""
    (x, y), model = table(), network(4, 3, "softmax", "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=5, verbose=0)
    model.save(tmp_path / "mine.keras")
    np.savez(tmp_path / "mine.npz", x=x, y=y)
    own = ["--model", tmp_path / "mine.keras", "--data", tmp_path / "mine.npz"]
    short = partial(check_network.check, steps=20)
    _, results = run_main("visualizing/debugging/checklist.py", *own, check=short)
    said = capsys.readouterr().out
    assert "always saying its commonest class 100.0%" in said and "cut in two?" in said
    assert results["trained"]["training"]["network"] > 0.5
    assert results["loss_at_start"] == pytest.approx(math.log(3), abs=0.5)

    def refused(path=own[1], **arrays):
        np.savez(tmp_path / "bad.npz", **arrays)
        return failure(checklist.check_file, path, tmp_path / "bad.npz")

    assert "needs the arrays x and y" in refused(x=x)
    assert "do not fit (None, 4)" in refused(x=x[:, :3], y=y)
    assert "300 rows of inputs and 20 labels" in refused(x=x, y=y[:20])
    assert "labels are 1 to 3, outputs 0 to 2" in refused(x=x, y=y + 1)
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]).save(tmp_path / "loose.keras")
    assert "not compiled" in refused(tmp_path / "loose.keras", x=x, y=y)


# --- The blind drill ---


@pytest.fixture
def game(monkeypatch):
    """Let a training of the drill take no time: it has seen one epoch, at a high rate."""
    labels = np.arange(20) % 10
    answers = 0.9 * np.eye(10)[labels] + 0.01
    scores = {"accuracy": 1.0, "cross_entropy": 0.1}
    history = {"loss": [2.0, 0.1], "accuracy": [0.5, 1.0]}
    history |= {f"val_{key}": values for key, values in history.items()}
    said, settings = {"train": scores, "validation": scores}, {"learning_rate": 0.05}
    settings |= {"optimizer": "adam", "batch_size": 32}
    model = SimpleNamespace(layers=[], loss=None)
    patient = Patient(pd.DataFrame(history), said, settings, model, labels, answers, answers, {})
    monkeypatch.setattr(drill, "prepare", lambda case: SimpleNamespace())
    monkeypatch.setattr(drill, "train", lambda case, training: patient)
    monkeypatch.setattr(drill, "draw_curves", lambda history, path: path.touch())


def test_the_right_answer_scores_and_only_the_first_counts(game, tmp_path, capsys):
    right = cases.draw_case(3).fault
    wrong = next(fault for fault in FAULTS if fault != right)

    def answer(name, run, seed="3"):
        drill.main([seed, "--answer", name, "--outputs", str(tmp_path / run)])
        return capsys.readouterr().out

    assert f"It was {right}." in (said := answer(wrong, "a"))
    assert f"You said {wrong}." in said and "of 1 runs: you 0," in said
    assert "You are right." in (said := answer(right, "b")) and "of 1 runs: you 0," in said
    assert "of 2 runs: you 1," in answer(cases.draw_case(4).fault, "c", "4")
    assert set(drill.answered(tmp_path)) == {3, 4}


def test_before_the_answer_nothing_is_given_away(game, tmp_path, monkeypatch, capsys):
    results = drill.main(["3", "--outputs", str(tmp_path / "run")])
    assert results == {"seed": 3, "answer": None}
    assert {path.name for path in (tmp_path / "run").iterdir()} == {".lock", "curves.png"}
    said = capsys.readouterr().out
    assert "It was" not in said and "0.05" not in said and "drill.py 3 --answer NAME" in said
    monkeypatch.setattr(drill.sys, "stdin", SimpleNamespace(isatty=lambda: True))
    typed = iter(["", "10", "nobody", "2"])
    monkeypatch.setattr("builtins.input", lambda question: next(typed))
    drawn = []
    draw = lambda training, _: drawn.append(training.random.random())  # noqa: E731
    monkeypatch.setattr(drill.checklist, "go_through", draw)
    results = drill.main(["3", "--checklist", "--outputs", str(tmp_path / "run")])
    assert results["answer"] == list(FAULTS)[2] and drawn == [np.random.default_rng(3).random()]


def test_the_score_goes_on_where_it_was_stopped(game, tmp_path, capsys):
    """The doctor is told rate and batches once, and once as little as the reader."""
    drill.main(["--score", "3", "--outputs", str(tmp_path)])
    assert len(capsys.readouterr().out.splitlines()) == 5
    results = drill.main(["--score", "10", "--outputs", str(tmp_path)])
    assert [run["seed"] for run in results["runs"]] == [*range(1, 11)]
    for whom, says in (("doctor", "healthy"), ("told", "rate_too_high")):
        assert {run[whom] for run in results["runs"]} == {says}
    assert results["right"] == {"doctor": 1, "told": 1, "runs": 10}
