"""The blind drill: a fault is there, nobody is told which, and the right answer counts."""

import json
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture
def cases(load_script):
    return load_script("visualizing/debugging/cases.py")


@pytest.fixture
def drill(load_script, monkeypatch):
    """Return the script, in which a training takes no time: it has seen one epoch."""
    module = load_script("visualizing/debugging/drill.py")
    labels = np.arange(20) % 10
    answers = 0.9 * np.eye(10)[labels] + 0.01
    scores = {"accuracy": 1.0, "cross_entropy": 0.1}
    history = {"loss": [2.0, 0.1], "accuracy": [0.5, 1.0]}
    history |= {f"val_{key}": values for key, values in history.items()}
    patient = module.train.__globals__["Patient"](
        module.train.__globals__["pd"].DataFrame(history),
        {"train": scores, "validation": scores},
        {},
        SimpleNamespace(layers=[], loss=None),
        labels, answers, answers, {},
    )  # fmt: skip
    monkeypatch.setattr(module, "prepare", lambda case: None)
    monkeypatch.setattr(module, "train", lambda case, training: patient)
    return module


def test_a_seed_gives_one_case_and_ten_in_a_row_all_faults(cases):
    drawn = [cases.draw_case(seed) for seed in range(1, 101)]
    assert drawn == [cases.draw_case(case.seed) for case in drawn]
    assert Counter(case.fault for case in drawn) == dict.fromkeys(cases.FAULTS, 10)
    orders = {tuple(case.fault for case in drawn[ten : ten + 10]) for ten in range(0, 100, 10)}
    assert len(orders) == 10
    assert {len(case.maps) for case in drawn} == {0, 1, 2}
    for case in drawn:
        assert 500 <= case.images <= 1500 and 0.0005 <= case.learning_rate <= 0.003
        assert "batch" not in case.describe() and case.fault not in case.describe()


def labels(training):
    return training.digits.y_train.argmax(axis=1)


def twins(training):
    known = {image.tobytes() for image in training.digits.x_train}
    return np.mean([image.tobytes() in known for image in training.digits.x_val])


SEEN = {
    "healthy": lambda it, fine: (labels(it) == labels(fine)).all(),
    "rate_too_high": lambda it, fine: it.learning_rate >= 20 * fine.learning_rate,
    "rate_too_low": lambda it, fine: it.learning_rate <= fine.learning_rate / 20,
    "labels_shuffled": lambda it, fine: (labels(it) == labels(fine)).mean() < 0.3,
    "not_scaled": lambda it, fine: it.digits.x_val.max() == 255 * fine.digits.x_val.max(),
    "dead_relus": lambda it, fine: (it.model.layers[-2].get_weights()[1] == -10).all(),
    "softmax_forgotten": lambda it, fine: it.model.layers[-1].activation.__name__ == "linear",
    "leak": lambda it, fine: twins(it) > 0.5 > 0 == twins(fine),
    "batches_of_two": lambda it, fine: it.batch_size == 2 and len(it.model.weights) > len(
        fine.model.weights
    ),
    "not_shuffled": lambda it, fine: (np.diff(labels(it)) >= 0).all() and not it.shuffle,
}  # fmt: skip


@pytest.mark.slow
def test_the_fault_of_a_case_is_really_there(cases):
    """One case with each fault: beside the healthy one it has what the name says."""
    assert set(SEEN) == set(cases.FAULTS)
    case = cases.replace(cases.draw_case(1), images=200, maps=[], hidden=[20])
    fine = cases.prepare(cases.replace(case, fault="healthy"))
    for fault, seen in SEEN.items():
        assert seen(cases.prepare(cases.replace(case, fault=fault)), fine), fault
        assert fault == "healthy" or not seen(fine, fine), fault


@pytest.mark.parametrize(
    ("findings", "rate", "fault"),
    [
        ([], None, "healthy"), (["overfitting"], 0.001, "healthy"),
        (["unusual_rate", "loud_start"], 0.05, "rate_too_high"),
        (["unusual_rate", "learned_nothing", "dead_neurons"], 0.05, "rate_too_high"),
        (["unusual_rate", "still_learning"], 0.00001, "rate_too_low"),
        (["learned_nothing", "dead_neurons", "loud_start"], None, "rate_too_high"),
        (["learned_nothing", "dead_neurons"], None, "dead_relus"),
        (["not_probabilities", "learned_nothing", "loud_start"], None, "softmax_forgotten"),
        (["training_lags", "still_learning"], None, "not_shuffled"),
    ],
)  # fmt: skip
def test_findings_become_one_diagnosis(cases, findings, rate, fault):
    patient = SimpleNamespace(settings={"optimizer": "adam", "learning_rate": rate})
    assert cases.diagnose(patient, findings) == fault
    assert {fault for _, fault in cases.READING} == set(cases.FAULTS)  # each can be the answer


def test_no_line_gives_the_kind_of_network_away(cases):
    """A network with batch normalization, too, has a line for each of its hidden layers."""
    case = cases.draw_case(5)
    for normalized in (False, True):
        model = cases.make_network(case, normalized)
        active = [getattr(layer, "activation", None) for layer in model.layers]
        relus = [one for one in active if getattr(one, "__name__", "") == "relu"]
        assert len(relus) == len(case.maps + case.hidden)


def test_the_right_answer_scores_and_only_the_first_counts(drill, tmp_path, capsys):
    right = drill.draw_case(3).fault
    wrong = next(fault for fault in drill.FAULTS if fault != right)

    def answer(name, run, seed="3"):
        drill.main([seed, "--answer", name, "--outputs", str(tmp_path / run)])
        return capsys.readouterr().out

    assert f"It was {right}." in (said := answer(wrong, "a"))
    assert f"You said {wrong}." in said and "of 1 runs: you 0," in said
    assert "You are right." in (said := answer(right, "b")) and "of 1 runs: you 0," in said
    assert "answered before" in said
    assert "of 2 runs: you 1," in answer(drill.draw_case(4).fault, "c", "4")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "results.json").write_text('{"answer": 1', encoding="utf-8")
    assert "Run 1:" in answer(wrong, "e", "1") and set(drill.answered(tmp_path)) == {1, 3, 4}


def test_before_the_answer_nothing_is_given_away(drill, tmp_path, monkeypatch, capsys):
    results = drill.main(["3", "--outputs", str(tmp_path / "run")])
    assert results == {"seed": 3, "answer": None}
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"curves.png"}
    said = capsys.readouterr().out
    assert "It was" not in said and "0.1" in said and "drill.py 3 --answer NAME" in said
    monkeypatch.setattr(drill.sys, "stdin", SimpleNamespace(isatty=lambda: True))
    typed = iter(["", "10", "nobody", "2"])
    monkeypatch.setattr("builtins.input", lambda question: next(typed))
    results = drill.main(["3", "--outputs", str(tmp_path / "run")])
    assert results["answer"] == list(drill.FAULTS)[2]


def test_the_score_goes_on_where_it_was_stopped(drill, tmp_path, capsys):
    drill.main(["--score", "3", "--outputs", str(tmp_path)])
    assert len(capsys.readouterr().out.splitlines()) == 5
    results = drill.main(["--score", "10", "--outputs", str(tmp_path)])
    assert [run["seed"] for run in results["runs"]] == [*range(1, 11)]
    # The patient of this test looks healthy, and one case of ten is.
    assert {run["doctor"] for run in results["runs"]} == {"healthy"}
    assert results["right"] == {"doctor": 1, "told": 1, "runs": 10}
    (tmp_path / "runs.json").write_text("[{}]", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"runs\.json is damaged"):
        drill.main(["--score", "10", "--outputs", str(tmp_path)])


@pytest.mark.parametrize("options", [["0"], ["3", "--answer", "nobody"], ["--score", "0"]])
def test_bad_options_end_with_status_2(drill, options):
    with pytest.raises(SystemExit, match=r"^2$"):
        drill.main(options)


@pytest.mark.slow
def test_from_a_seed_to_the_answer(load_quickly, tmp_path, monkeypatch, capsys):
    drill = load_quickly("visualizing/debugging/drill.py")
    monkeypatch.setattr(drill.checklist, "STEPS", 2)
    case = next(
        case for seed in range(1, 100) if (case := drill.draw_case(seed)).fault == "dead_relus"
    )
    options = ["--answer", "dead_relus", "--checklist", "--outputs", str(tmp_path / "run")]
    results = drill.main([str(case.seed), *options])
    assert results["doctor"] == "dead_relus" and "learned_nothing" in results["findings"]
    said = capsys.readouterr().out
    assert "You are right." in said and "after 2 steps" in said
    saved = json.loads((tmp_path / "run" / "results.json").read_text(encoding="utf-8"))
    assert saved["fault"] == "dead_relus" and saved["checklist"]
    assert (tmp_path / "run" / "curves.png").exists() and (tmp_path / "run/inputs.png").exists()
