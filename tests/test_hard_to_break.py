"""What comes from outside and is not as it should be: the same is refused in the same words."""

import json
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import ROOT, failure, finished_run, spoilt
from PIL import Image, ImageFile

from utils import finished, models, training
from utils.figures import save_figure
from utils.pictures import PictureError, TooLargeError, open_picture
from utils.runs import fail, make_folder, provenance, read_bytes, read_json

SHIPPED = ROOT / "assets" / "models" / "conv_net.keras"


@pytest.fixture(scope="module")
def diverged(tmp_path_factory):
    """The folder of a finished run whose network gives no finite numbers, though its weights are.

    As after one step with a learning rate of 1e30.
    """
    folder = tmp_path_factory.mktemp("diverged")
    model = keras.saving.load_model(SHIPPED)
    model.set_weights([np.full_like(weights, 1e30) for weights in model.get_weights()])
    model.save(folder / "conv_net.keras")
    np.savez(folder / "conv_net_predictions.npz", validation=np.full((5000, 10), np.nan))
    (folder / "results.json").write_text(json.dumps(finished_run("conv_net")))
    rows = "epoch,loss,accuracy,val_loss,val_accuracy\n1,nan,0.1,nan,0.1\n"
    (folder / "conv_net_history.csv").write_text(rows)
    return folder


@pytest.mark.parametrize(
    ("script", "options"),
    [
        ("visualizing/feature_maps.py", ["--model"]),
        ("visualizing/attribution.py", ["--model"]),
        ("visualizing/embedding.py", ["--model"]),
        ("serialization/rest/app.py", ["--model"]),
        ("serialization/rest/ship_model.py", ["--model"]),
        ("mnist/studies/calibration.py", None),
        ("mnist/pairs.py", None),
    ],
)
def test_a_network_that_diverged_is_refused_in_one_line(
    script, options, diverged, load_script, tmp_path
):
    of_run = [*options, str(diverged / "conv_net.keras")] if options else [str(diverged)]
    outputs = [] if "app.py" in script else ["--outputs", str(tmp_path)]
    line = failure(load_script(script).main, [*of_run, *outputs])
    assert line.endswith(models.DIVERGED)
    assert not any(tmp_path.iterdir())


def test_the_doctor_examines_a_network_that_diverged(diverged, load_script):
    found = load_script("visualizing/debugging/doctor.py").examine_run(diverged)["conv_net"]
    assert found["diverged"] == "the loss is no number from epoch 1 on: lower the rate"


def test_finite_weights_are_not_enough():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    assert models.is_finite(model)
    for value in (np.nan, np.inf, 1e30):
        model.set_weights([np.full_like(weights, value) for weights in model.get_weights()])
        assert not models.is_finite(model)
    assert models.is_finite(keras.Sequential([keras.layers.Dense(1)]))  # without any weights yet


def damaged(change):
    """Return a finished run as text, after a change to what it says."""
    run = finished_run("a")
    change(run)
    return json.dumps(run)


DAMAGED = {
    "half": '{"models": {',
    "nested": "[" * 100_000,
    "another": json.dumps({"models": [1]}),
    "no scores of training": damaged(lambda run: run["models"]["a"].pop("train")),
    "text": damaged(lambda run: run["models"]["a"]["validation"].update(accuracy="0.9")),
    "settings": damaged(lambda run: run.update(settings=None)),
}


@pytest.mark.parametrize(
    "script",
    [
        "visualizing/debugging/doctor.py",
        "mnist/report.py",
        "mnist/studies/calibration.py",
        "mnist/studies/compare.py",
        "mnist/pairs.py",
    ],
)
def test_a_damaged_run_is_refused_in_the_same_words(script, load_script, tmp_path):
    module, run = load_script(script), tmp_path / "run"
    run.mkdir()
    outputs = [] if "report.py" in script else ["--outputs", str(tmp_path / "out")]
    for text in DAMAGED.values():
        (run / "results.json").write_text(text)
        said = f"{run} is not a folder of a finished run: it has no readable results.json."
        assert failure(module.main, [str(run), *outputs]).endswith(said)


@pytest.mark.parametrize(
    ("script", "names"),
    [("cnn/classify.py", ["a", "b"]), ("cnn/segmentation/label.py", {"0": "a", "255": "b"})],
)
def test_damaged_names_of_classes_are_refused(script, names, load_script, tmp_path, monkeypatch):
    """Another text is another name, but not one that commands a terminal."""
    module, path = load_script(script), tmp_path / "network.keras"
    network = SimpleNamespace(input_shape=(None, 8, 8, 3), output_shape=(None, 8, 8, 2))
    if "classify" in script:
        network.output_shape = (None, 2)
    monkeypatch.setattr(module, "load_model", lambda _: network)
    for bad in [*spoilt(names), names]:
        path.with_suffix(".json").write_text(json.dumps(bad))
        try:
            _, found, *_ = module.load_network(str(path))
        except SystemExit as stop:
            assert re.search("cannot read .*names .*classes|makes .* not 1 numbers", stop.code)
            assert "\n" not in stop.code and bad != names
        else:
            texts = found if isinstance(found, list) else found.values()
            assert all(isinstance(text, str) and text.isprintable() for text in texts)


@pytest.mark.parametrize("script", ["visualizing/debugging/doctor.py", "mnist/report.py"])
def test_a_damaged_history_is_refused_in_the_same_words(script, load_script, tmp_path):
    module, header = load_script(script), "epoch,loss,accuracy,val_loss,val_accuracy\n"
    (tmp_path / "results.json").write_text(json.dumps(finished_run("a")))
    outputs = [] if "report.py" in script else ["--outputs", str(tmp_path / "out")]
    for text, reason in [
        (header, "not one epoch"),
        ("epoch,loss\n1,1\n", "no column accuracy, val_accuracy, val_loss"),
        (header + "1,1,1,1,x\n", "could not convert string to float"),
        ("", "No columns to parse"),
    ]:
        (tmp_path / "a_history.csv").write_text(text)
        with pytest.raises(SystemExit, match=f"is not the history of a training .{reason}"):
            module.main([str(tmp_path), *outputs])


def test_a_run_cannot_go_back_to_fewer_epochs(tmp_path, monkeypatch):
    model = SimpleNamespace(name="a", weights=[])
    history = {column: [1, 2, 3] for column in training.COLUMNS}
    monkeypatch.setattr(training, "load_checkpoint", lambda *_: (model, history))
    (tmp_path / "a_checkpoint.keras").touch()
    assert training.load_progress(model, tmp_path, 1, epochs=3) == (model, history)
    with pytest.raises(SystemExit, match=r"a in .* was trained for 3 epochs already, not 2\."):
        training.load_progress(model, tmp_path, 1, epochs=2)


def test_names_are_shown_letter_by_letter(tmp_path):
    """As formulas, or in bytes that are no letters, they would end the run with its figure."""
    names = [
        "$x^{",
        "cost $\\frac{$",
        os.fsdecode(b"photo \xff.png"),
        "a\0b",
        "two\nlines",
        "95\u00a0%",
    ]
    figure, axes = plt.subplots()
    for name in names:
        axes.plot([1, 2], [1e-3, 1e3], label=name)
    axes.set(yscale="log", title=names[0], xlabel=names[1])
    legend = axes.legend()
    save_figure(figure, tmp_path / "figure.png")
    shown = [text.get_text() for text in legend.get_texts()]
    assert shown == [*names[:2], "photo \N{REPLACEMENT CHARACTER}.png", "a\ufffdb", *names[4:]]
    assert axes.yaxis.get_ticklabels()[1].get_parse_math()  # ten to the power of


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, a name is text")
def test_a_name_that_is_not_utf_8(tmp_path):
    """HDF5 could not write there; the run must not find out when it has been trained."""
    name = tmp_path / os.fsdecode(b"run \xff")
    with pytest.raises(SystemExit, match=r"cannot write to .* Name another folder"):
        make_folder(name)
    command = provenance(ROOT / "xor" / "xor.py", ["--start-from", name])["command"]
    assert command.encode().endswith(b"run ?'")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "photo.png")
    with pytest.raises(OSError, match="not a file"):
        read_bytes(tmp_path / "photo.png")
    with pytest.raises(PictureError, match="not a file"):
        open_picture(tmp_path / "photo.png")
    for name, read, said in [
        ("results.json", finished.load_finished, "not a folder of a finished run"),
        ("a_history.csv", lambda folder: training.load_history(folder, "a"), "not a file"),
        ("a.keras", lambda folder: models.load_model(folder / "a.keras"), "not a file"),
    ]:
        os.mkfifo(tmp_path / name)
        with pytest.raises(SystemExit, match=said):
            read(tmp_path)


def test_json_that_is_nested_too_deeply_is_damaged_as_any_other(tmp_path):
    (tmp_path / "a.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match="nested too deeply"):
        read_json(tmp_path / "a.json")


def test_a_name_of_two_lines_is_said_in_one(tmp_path):
    assert failure(fail, f"there is no {tmp_path / 'two'}\nlines").endswith("two lines")


def test_a_network_that_was_never_built_is_refused(tmp_path):
    keras.Sequential([keras.layers.Dense(1)]).save(tmp_path / "a.keras")
    with pytest.raises(SystemExit, match="it was never built"):
        models.load_model(tmp_path / "a.keras")


def test_an_image_that_costs_too_much_is_not_unpacked(tmp_path, monkeypatch):
    Image.new("1", (20_000, 20_000)).save(tmp_path / "large.png")
    Image.new("1", (13_000, 13_000)).save(tmp_path / "panorama.png")
    Image.new("L", (100, 100)).save(tmp_path / "slow.jpg", progressive=True)
    slow = (tmp_path / "slow.jpg").read_bytes()
    assert open_picture(tmp_path / "slow.jpg").size == (100, 100)
    scan = slow[slow.rindex(b"\xff\xda") : -2]
    (tmp_path / "slow.jpg").write_bytes(slow[:-2] + 100 * scan + slow[-2:])
    (tmp_path / "film.jpg").write_bytes(slow + 1000 * b"\xff\xda")  # as some telephones append one
    assert open_picture(tmp_path / "film.jpg").format == "JPEG"
    monkeypatch.setattr(ImageFile.ImageFile, "load", None)  # whoever unpacks an image calls it
    for name, said in [
        ("large.png", "too many pixels"),
        ("panorama.png", "too many pixels; an image may have 150,000,000 as PNG"),
        ("slow.jpg", "too many scans"),
    ]:
        with pytest.raises(TooLargeError, match=said):
            open_picture(tmp_path / name)
    monkeypatch.setattr("utils.pictures.WORK", 20_000)  # for 10,000 pixels two scans
    with pytest.raises(TooLargeError, match="too many scans"):
        open_picture(tmp_path / "film.jpg")
    monkeypatch.setattr("utils.pictures.BYTES", 100)
    with pytest.raises(TooLargeError, match="too many bytes"):
        open_picture(tmp_path / "slow.jpg")
    with pytest.raises(PictureError, match="No such file"):
        open_picture(Path("missing.png"))


def test_an_animation_is_one_image_or_none(tmp_path):
    frames = [Image.new("L", (8, 8), shade) for shade in (10, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert set(np.asarray(open_picture(tmp_path / "a.gif").convert("L")).flat) == {10}
    with pytest.raises(PictureError, match="an animation"):
        open_picture(tmp_path / "a.gif", still=True)
