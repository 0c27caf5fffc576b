"""Broken training runs, the checklist, the doctor, and watching a run."""

import json
import math
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import finished_run

from utils.runs import load_results

# What must be found in the gallery, whatever else is found as well.
EXPECTED = {
    "rate_too_high": {"learned_nothing", "dead_neurons", "unusual_rate"},
    "rate_too_low": {"unusual_rate"},
    "labels_shuffled": {"unrelated_labels"},
    "not_scaled": {"loud_start", "not_scaled"},
    "dead_relus": {"dead_neurons", "learned_nothing"},
    "softmax_forgotten": {"not_probabilities"},
    "leak": {"leak"},
}


@pytest.fixture
def broken(load_script):
    return load_script("visualizing/debugging/broken.py")


def test_the_filed_gallery_is_diagnosed():
    """The measurement in the book: every fault is found, the healthy one at most overfits."""
    results = load_results("broken")
    assert set(results["healthy"]["findings"]) <= {"overfitting"}  # its 1,000 images are few
    faults = set(results) - {"healthy", "provenance"}
    assert len(faults) == 9
    for fault, expected in EXPECTED.items():
        assert expected <= set(results[fault]["findings"]), fault
    assert all(results[fault]["findings"] for fault in faults)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("healthy", set()), ("rate_too_high", {"unusual_rate"}),
        ("not_scaled", EXPECTED["not_scaled"]), ("dead_relus", EXPECTED["dead_relus"]),
        ("softmax_forgotten", EXPECTED["softmax_forgotten"]),
    ],
)  # fmt: skip
def test_a_few_epochs_are_enough_for_the_doctor(fault, found, load_quickly, tmp_path, capsys):
    """From the training to the finding; some faults show themselves early."""
    broken = load_quickly("visualizing/debugging/broken.py")
    options = ["--epochs", "5", "--images", "300", "--outputs", str(tmp_path)]
    results = broken.main([fault, *options])
    assert set(results) == {fault}
    assert found <= set(results[fault]["findings"])
    assert results[fault]["findings"] == {} or fault != "healthy"
    assert (tmp_path / "broken.png").exists()
    assert ("64 of 64 in dense" in capsys.readouterr().out) == (fault == "dead_relus")


def test_faults_of_the_settings_are_those_that_their_names_say(broken):
    """What the doctor says of such settings: test_what_is_a_finding_and_what_is_not_yet."""
    slow, small = (broken.Training(None, None, model=None) for _ in range(2))
    broken.rate_too_low(slow)
    broken.batches_of_two(small)
    assert slow.learning_rate < broken.LEARNING_RATE / 10 == small.learning_rate / 10
    assert small.batch_size == 2 and slow.batch_size == broken.BATCH_SIZE


def test_faults_of_the_data_are_those_that_their_names_say(broken):
    """Three faults that only a long training shows: what they do to images and labels."""
    digits = broken.prepare_mnist((28, 28, 1), 300)
    of_image = {x.tobytes(): y for x, y in zip(digits.x_train, digits.y_train, strict=True)}

    def share_right(x, y):
        return np.mean([(of_image[x.tobytes()] == y).all() for x, y in zip(x, y, strict=True)])

    found = {}
    for fault in ("labels_shuffled", "leak", "not_shuffled"):
        found[fault] = broken.Training(digits, np.random.default_rng(1))
        broken.FAULTS[fault](found[fault])
    shuffled, leak, ordered = (training.digits for training in found.values())
    assert share_right(shuffled.x_train, shuffled.y_train) < 0.2
    np.testing.assert_array_equal(shuffled.y_train.sum(axis=0), digits.y_train.sum(axis=0))
    assert shuffled.y_val is digits.y_val
    assert share_right(leak.x_train, leak.y_train) == share_right(leak.x_val, leak.y_val) == 1
    twins = {x.tobytes() for x in leak.x_train} & {x.tobytes() for x in leak.x_val}
    assert len(leak.x_val) == 150 and len(twins) > 75
    assert share_right(ordered.x_train, ordered.y_train) == 1
    assert (np.diff(ordered.y_train.argmax(axis=1)) >= 0).all()
    assert not found["not_shuffled"].shuffle and found["leak"].shuffle


def test_what_was_learned_by_heart_is_seen_in_the_scores(load_script):
    """Good on what the run has seen, and not on other images: wrong labels, or a leak."""
    symptoms = load_script("visualizing/debugging/symptoms.py")
    patients = load_script("visualizing/debugging/patient.py")
    labels = np.arange(100) % 10

    def patient(train, validation, others):
        answers = np.eye(10)[(labels + (np.arange(100) >= 100 * others)) % 10]
        said = {"train": {"accuracy": train}, "validation": {"accuracy": validation}}
        return patients.Patient(None, said, {}, None, labels, answers, answers, {})

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
SLOWLY = [1 / epoch for epoch in range(1, 21)]
RISING = [0.5, 0.3, 0.2, 0.19, 0.2] + [0.2 + 0.02 * epoch for epoch in range(15)]
# What a check looks at on the two sides of each of its thresholds, and whether that is a finding.
EDGES = [
    ("unusual_rate", "settings", {"optimizer": "adam", "learning_rate": 0.00009}, True),
    ("unusual_rate", "settings", {"optimizer": "adam", "learning_rate": 0.0001}, False),
    ("unusual_rate", "settings", {"optimizer": "adam", "learning_rate": 0.01}, False),
    ("unusual_rate", "settings", {"optimizer": "adam", "learning_rate": 0.011}, True),
    ("small_batches", "settings", {"batch_size": 7}, True),
    ("small_batches", "settings", {"batch_size": 8}, False),
    ("learned_nothing", "history", {"accuracy": [0.1, 0.19], "loss": [2.3, 2.3]}, True),
    ("learned_nothing", "history", {"accuracy": [0.21, 0.1], "loss": [2.3, 2.3]}, False),
    ("loud_start", "history", {"loss": [1.31 * LN, 1.0]}, True),
    ("loud_start", "history", {"loss": [1.29 * LN, 1.0]}, False),
    ("training_lags", "history", ended(0.9, 0.96), True),
    ("training_lags", "history", ended(0.9, 0.94), False),
    ("still_learning", "history", falling(5, 0.01, 0.79), True),
    ("still_learning", "history", falling(4, 0.01, 0.79), False),
    ("still_learning", "history", falling(5, 0.0009, 0.79), False),
    ("still_learning", "history", falling(5, 0.01, 0.8), False),
    ("overfitting", "history", rising(1.06, 5), True),
    ("overfitting", "history", rising(1.04, 5), False),
    ("overfitting", "history", rising(1.06, 4), False),
    ("overfitting", "history", {"loss": SLOWLY, "val_loss": RISING}, True),
    ("overfitting", "history", {"loss": SLOWLY, "val_loss": SLOWLY}, False),
    ("overfitting", "history", {"loss": SLOWLY, "val_loss": [*SLOWLY[:-1], 1.0]}, False),
    ("not_probabilities", "predictions", np.full((5, 10), 0.102), True),
    ("not_probabilities", "predictions", np.full((5, 10), 0.098), True),
    ("not_probabilities", "predictions", np.full((5, 10), 0.1005), False),
    ("dead_neurons", "outputs", {"hidden": np.tile(np.arange(10) >= 6, (3, 1))}, True),
    ("dead_neurons", "outputs", {"hidden": np.tile(np.arange(10) >= 5, (3, 1))}, False),
]


@pytest.mark.parametrize(("check", "field", "value", "found"), EDGES)
def test_what_is_a_finding_and_what_is_not_yet(check, field, value, found, load_script):
    symptoms = load_script("visualizing/debugging/symptoms.py")
    patients = load_script("visualizing/debugging/patient.py")
    layers = [keras.layers.Dense(10, activation="relu", name="hidden"), keras.layers.Dense(10)]
    if check == "small_batches":
        layers.append(keras.layers.BatchNormalization())
    fields = dict.fromkeys(patients.Patient.__dataclass_fields__)
    fields["model"] = SimpleNamespace(layers=layers, loss=None)
    fields[field] = pd.DataFrame(value) if field == "history" else value
    assert bool(getattr(symptoms, check)(patients.Patient(**fields))) == found


def test_a_healthy_run_of_mnist_is_not_accused(load_without_figures, load_script, tmp_path, capsys):
    mnist = load_without_figures("mnist/mnist.py")
    options = ["-m", "mlp_one_layer", "--epochs", "3", "--train-samples", "5000"]
    mnist.main([*options, "--outputs", str(tmp_path / "run")])
    doctor = load_script("visualizing/debugging/doctor.py")
    results = doctor.main([str(tmp_path / "run")])
    assert results["findings"] == {"mlp_one_layer": {}}
    assert "found nothing" in capsys.readouterr().out


def test_losses_that_are_no_numbers_are_seen(load_script):
    symptoms = load_script("visualizing/debugging/symptoms.py")
    patients = load_script("visualizing/debugging/patient.py")
    history = pd.DataFrame({"loss": [2.3, math.nan, math.nan]})
    assert "from epoch 2 on" in symptoms.diverged(patients.Patient(history, *[None] * 7))


FINISHED = json.dumps(finished_run("a"))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no readable results.json"),
        ({"results.json": "{"}, "no readable results.json"),
        ({"results.json": FINISHED}, "not the history of a train"),
        ({"results.json": FINISHED, "a_history.csv": "epoch,loss\n1,x\n"}, "not the history"),
        (
            {
                "results.json": FINISHED,
                "a_history.csv": "epoch,loss,accuracy,val_loss,val_accuracy\n1,1,1,1,1\n",
                "a.keras": "half",
            },
            "not a .keras file, or only a part of one",
        ),
    ],
)
def test_the_doctor_wants_a_finished_run(files, message, load_script, tmp_path):
    (tmp_path / "run").mkdir()
    for name, text in files.items():
        (tmp_path / "run" / name).write_text(text)
    doctor = load_script("visualizing/debugging/doctor.py")
    with pytest.raises(SystemExit, match=message):
        doctor.main([str(tmp_path / "run"), "--outputs", str(tmp_path / "out")])


def test_the_doctor_says_if_there_is_no_such_folder(load_script, tmp_path):
    doctor = load_script("visualizing/debugging/doctor.py")
    with pytest.raises(SystemExit, match="there is no folder outputs/of_nobody"):
        doctor.main(["outputs/of_nobody", "--outputs", str(tmp_path)])


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1")
@pytest.mark.parametrize(("last", "right"), [("sigmoid", 1), ("softmax", 0.25)])
def test_a_loss_of_almost_nothing_is_not_enough(last, right, load_script, capsys):
    """Softmax on one neuron always says 1, and Keras takes the loss from the logits under it."""
    checklist = load_script("visualizing/debugging/checklist.py")
    keras.utils.set_random_seed(1)
    x = np.eye(8, dtype="float32")
    y = np.float32([[1], [1], *[[0]] * 6])
    hidden = keras.layers.Dense(16, activation="relu")
    model = keras.Sequential([keras.Input((8,)), hidden, keras.layers.Dense(1, activation=last)])
    model.compile(keras.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    loss, accuracy = checklist.overfit_one_batch(model, x, y)
    assert loss < 0.01 and accuracy == right
    assert (checklist.look_at_predictions(model, x, y) > 0.9) == (right == 1)
    said = capsys.readouterr().out
    assert ("1 outputs for 2 classes: they add up to 1.00 to 1.00" in said) == (right < 1)


@pytest.mark.slow
def test_the_checklist_shows_each_fault(load_script, tmp_path, monkeypatch):
    """What the table of the chapter is made of, measured anew for the faults of the set-up."""
    checklist = load_script("visualizing/debugging/checklist.py")
    results = {}
    for name in ("healthy", "dead_relus", "not_scaled", "leak", "not_shuffled"):
        if name == "not_scaled":  # from here on, the batch that is learned by heart says nothing
            monkeypatch.setattr(checklist, "STEPS", 1)
        results |= checklist.main([name, "--outputs", str(tmp_path)])
    healthy = results["healthy"]
    assert healthy["loss_at_start"] == pytest.approx(math.log(10), abs=0.05)
    assert healthy["one_batch"] < 0.01 < 1 < results["dead_relus"]["one_batch"]
    for measured in ("one_batch_accuracy", "predictions_vary"):
        assert healthy[measured] > 0.99 > 0.5 > results["dead_relus"][measured]
    assert healthy["least_gradient"] > 0 == results["dead_relus"]["least_gradient"]
    assert healthy["largest_input"] == 1 and results["not_scaled"]["largest_input"] == 255
    assert results["not_scaled"]["loss_at_start"] > 10
    assert healthy["twins"] == 0 < 200 < results["leak"]["twins"]
    assert healthy["classes_in_a_batch"] > 5 > results["not_shuffled"]["classes_in_a_batch"]


def test_tensorboard_is_missed_before_the_training(load_script, monkeypatch):
    watch = load_script("visualizing/debugging/watch.py")
    monkeypatch.setattr(watch, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="pip install tensorboard"):
        watch.main(["--tensorboard"])


@pytest.mark.slow
def test_watching_a_training(load_script, tmp_path):
    keras.utils.clear_session()  # layers are numbered from the beginning again
    watch = load_script("visualizing/debugging/watch.py")
    options = ["--epochs", "2", "--images", "500", "--outputs", str(tmp_path)]
    moments = watch.main(options)["moments"]
    assert len(moments) == 3  # before, and after each epoch
    assert list(moments[0]) == ["conv2d", "conv2d_1", "conv2d_2", "dense", "dense_1"]
    assert all(layer["gradients"]["size"] > 0 for layer in moments[0].values())
    # As the network becomes sure, its ten outputs move away from 0.1.
    first, last = (moments[at]["dense_1"]["outputs"]["size"] for at in (0, -1))
    assert last > 1.2 * first  # of a network that has learned nothing, the two are equal
    assert (tmp_path / "watch.png").exists()


def test_unknown_faults_are_refused(broken, load_script, capsys):
    for module in (broken, load_script("visualizing/debugging/checklist.py")):
        with pytest.raises(SystemExit, match=r"^2$"):
            module.main(["nosuch"])
        assert "labels_shuffled" in capsys.readouterr().err
