"""The scripts in serialization/: what is saved comes back, and what is broken is refused."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest
from conftest import ROOT, failure, loaded

from utils.saving import load_model, refuse_strange_kinds

SHIPPED = ROOT / "assets" / "models" / "conv_net.keras"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder of save_model.py, and what its main has returned."""
    folder = tmp_path_factory.mktemp("saved")
    with loaded("serialization/save_model.py") as save_model:
        return folder, save_model.main(["--outputs", str(folder)])


@pytest.fixture
def load(load_script):
    return load_script("serialization/load_model.py")


@pytest.mark.slow
def test_all_forms_answer_as_the_original_does(saved, run_script):
    """Loading in another process, as the reader does it."""
    folder, results = saved
    written = {path.name for path in folder.iterdir()}
    assert set(results["sizes"]) | {"probe.npz", "results.json"} == written
    assert {"model.keras", "model.h5", "architecture.json", "model.weights.h5"} <= written
    if keras.config.backend() == "tensorflow":
        assert "saved_model" in written  # LiteRT came with a later version of Keras
    with np.load(folder / "probe.npz") as probe:
        np.testing.assert_allclose(probe["predictions"].round().ravel(), [0, 1, 1, 0])

    run = run_script("serialization/load_model.py", folder)
    assert run.returncode == 0 and "Traceback" not in run.stderr, run.stderr
    lines = run.stdout.splitlines()
    forms = [".keras", ".h5, legacy", "JSON + .weights.h5", ".weights.h5, code"]
    for form in forms + ["SavedModel"] * ("saved_model" in written):
        row = next(line for line in lines if line.startswith(form))
        assert " ms" in row, row


def test_the_last_run_is_loaded_whatever_it_is_called(load, monkeypatch, tmp_path):
    monkeypatch.setattr(load, "OUTPUTS", tmp_path)
    assert load.newest_run() is None
    for time, name in enumerate(("first", "2026-01-01_00-00-00")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "probe.npz").touch()
        os.utime(tmp_path / name / "probe.npz", (time, time))
    assert load.newest_run() == tmp_path / "2026-01-01_00-00-00"


def test_table_says_what_each_form_keeps(saved, load):
    rows = {row["form"]: row for row in load.main([str(saved[0])])["rows"]}
    assert all(row["difference"] < 1e-5 and row["bytes"] > 0 for row in rows.values())
    assert all(rows[form]["difference"] == 0 for form in (".keras", ".h5, legacy"))
    assert rows[".keras"]["go_on"] == rows["JSON + .weights.h5"]["go_on"] == "yes"
    assert rows[".weights.h5, code"]["go_on"] == "after compile"
    if "SavedModel" in rows:  # PyTorch does not export it
        assert rows["SavedModel"]["go_on"] == "no"


def test_training_really_goes_on_where_it_stopped(saved):
    """One step from the file is the step that the original would have made."""
    x = np.array([[0, 1]], dtype="float32")
    one, two, fresh = (keras.saving.load_model(saved[0] / "model.keras") for _ in range(3))
    fresh.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")  # the weights, no moments
    for model in (one, two, fresh):
        model.train_on_batch(x, np.array([[1.0]]))
    assert int(one.optimizer.iterations) == 1001 and int(fresh.optimizer.iterations) == 1
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    differences = zip(one.get_weights(), fresh.get_weights(), strict=True)
    assert any(np.abs(a - b).max() > 1e-4 for a, b in differences)


def test_weights_bring_the_optimizer_along_to_a_compiled_model(saved, load_script):
    model = load_script("serialization/forms.py").build_model()
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    model.optimizer.build(model.trainable_variables)  # otherwise its state is skipped
    model.load_weights(saved[0] / "model.weights.h5")
    assert int(model.optimizer.iterations) == 1000


def test_a_model_of_another_chapter_is_saved_as_well(load_script, tmp_path, load):
    save = load_script("serialization/save_model.py")
    results = save.main(["--model", str(SHIPPED), "--outputs", str(tmp_path)])
    assert results["model"] == "conv_net"
    rows = {row["form"]: row for row in load.main([str(tmp_path)])["rows"]}
    assert {".keras", "JSON + .weights.h5"} <= set(rows)
    assert ".weights.h5, code" not in rows  # build_model is another network
    assert all(row["difference"] < 1e-5 for row in rows.values())


def broken_files(folder, good):
    """Yield files that cannot be loaded, and a piece of what is said of them."""
    yield folder / "missing.keras", "there is no"
    content = good.read_bytes()
    for name, data, said in [
        ("truncated.keras", content[: len(content) // 2], "only a part"),
        ("foreign.keras", b"hello, world", "is not a .keras file"),
        ("empty.keras", b"", "is not a .keras file"),
        ("foreign.h5", b"hello, world", "cannot load"),
    ]:
        (folder / name).write_bytes(data)
        yield folder / name, said
    with zipfile.ZipFile(folder / "zip.keras", "w") as file:
        file.writestr("a.txt", "a")
    yield folder / "zip.keras", "not one that Keras has written"
    with h5py.File(folder / "table.h5", "w") as file:
        file["a"] = [1, 2]
    yield folder / "table.h5", "cannot load"
    # A file from the future: a setting that this version does not know.
    change_description(good, folder / "a.keras", b'"units"', b'"neurons_of_tomorrow"')
    version = keras.version().encode(), b"9.9.9"
    change_description(folder / "a.keras", folder / "new.keras", *version, "metadata.json")
    yield folder / "new.keras", "was written by Keras 9.9.9"


def test_broken_files_get_one_clear_line(saved, load_script, load, tmp_path):
    save = load_script("serialization/save_model.py")
    look = load_script("serialization/look_inside.py")
    for path, said in broken_files(tmp_path, saved[0] / "model.keras"):
        for script, options in ((load, [str(path)]), (save, ["--model", str(path)])):
            assert said in failure(script.main, options)
        if "new" not in path.name and "table" not in path.name:
            assert said in failure(look.main, [str(path)])
    with pytest.raises(SystemExit, match="there is no"):
        load.main([str(tmp_path)])


def test_a_model_without_one_known_input_is_not_saved_in_other_forms(load_script, tmp_path):
    first, second = keras.Input((3,)), keras.Input((3,))
    wanted = "does not have exactly one input of a known shape"
    models = [
        (keras.Sequential([keras.layers.Dense(3)]), "nothing is known of its inputs"),
        (keras.Model([first, second], keras.layers.Add()([first, second])), wanted),
        (keras.Sequential([keras.Input((None, 3)), keras.layers.GlobalMaxPooling1D()]), wanted),
    ]
    save = load_script("serialization/save_model.py")
    for model, said in models:
        model.save(tmp_path / "odd.keras")
        with pytest.raises(SystemExit, match=said):
            save.main(["--model", str(tmp_path / "odd.keras"), "--outputs", str(tmp_path / "new")])


def test_a_damaged_form_does_not_hide_the_others(saved, load, tmp_path, capsys):
    for path in saved[0].iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.keras").write_bytes(b"no zip")
    forms = [row["form"] for row in load.main([str(tmp_path)])["rows"]]
    assert ".keras" not in forms and ".h5, legacy" in forms
    assert "only a part of one" in capsys.readouterr().out


def test_looking_inside_counts_the_weights(load_script, saved, capsys):
    look = load_script("serialization/look_inside.py")
    assert look.main([])["numbers"] == 93_322
    shown = capsys.readouterr().out
    assert "layers/conv2d_1/vars/0" in shown and "(3, 3, 32, 64)" in shown
    # 193 weights, and of each Adam keeps two averages; then its counter and its rate.
    assert look.main([str(saved[0] / "model.h5")])["numbers"] == 3 * 193 + 2


def test_what_is_inside_commands_no_terminal(load_script, saved, tmp_path, capsys):
    for part, old in (("config.json", b'"relu"'), ("metadata.json", b'"keras_version"')):
        new = b'"\\u001b[2J"' if part == "config.json" else b'"\x1b[2J"'
        change_description(saved[0] / "model.keras", tmp_path / "odd.keras", old, new, part)
        load_script("serialization/look_inside.py").main([str(tmp_path / "odd.keras")])
        said = capsys.readouterr().out
        assert "?[2J" in said and "\x1b" not in said


def test_looking_inside_takes_no_keras():
    code = "import sys, look_inside; look_inside.main([]); print('keras' in sys.modules)"
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT / "serialization", capture_output=True, text=True)
    assert run.stdout.splitlines()[-2:] == ["93,322 numbers", "False"], run.stderr


def test_another_activation_loads_without_a_word_and_answers_wrongly(saved, load, tmp_path):
    path = tmp_path / "model.keras"
    change_description(saved[0] / "model.keras", path, b'"relu"', b'"tanh"')
    with np.load(saved[0] / "probe.npz") as probe:
        assert load.measure(path, probe)["difference"] > 0.5


def test_unsafe_files_load_only_when_it_is_asked_for(load_script, tmp_path, capsys):
    trust = load_script("serialization/trust.py")
    results = trust.main(["--outputs", str(tmp_path)])
    shown = capsys.readouterr().out
    for name in ("lambda.keras", "lambda.h5"):
        assert results[f"{name} True"] == "refused" and results[f"{name} False"] == "loaded"
    assert results["function.keras True"] == results["function.keras False"] == "refused"
    assert "Could not locate function 'getcwd'" in shown
    for name, reason in (("pointing", "external Dataset"), ("linked", "ExternalLink")):
        found = results[f"{name}.weights.h5"]
        assert found == {"hdf5": "password: 42", "keras": "refused"}, "a hole in this Keras"
        assert f"refused: Not allowed: H5 file with {reason}" in shown
    assert results.get("saved_model", "password: 42") == "password: 42"
    safe, unsafe = shown.split("lambda.keras, safe_mode=True:")[1].split("safe_mode=False:")[:2]
    assert "code from the file is running" not in safe
    assert "code from the file is running" in unsafe
    assert not results["checksum_equal"]
    kept = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert kept.pop("provenance")["command"].startswith("python serialization/trust.py")
    assert kept == results


def test_weights_can_be_saved_in_several_files(tmp_path):
    layers = [keras.Input((100,)), *(keras.layers.Dense(100) for _ in range(3))]
    model, path = keras.Sequential(layers), tmp_path / "name.weights.json"
    model.save_weights(path, max_shard_size=1e-4)  # of a gigabyte: two layers
    assert len(list(tmp_path.glob("*.weights.h5"))) > 1
    other = keras.models.clone_model(model)
    other.load_weights(path)
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(ValueError, match="must end in"):
        model.save_weights(path)


def change_description(source, target, old, new, file="config.json"):
    """Copy a .keras file, with another text in one of the files inside."""
    with zipfile.ZipFile(source) as old_file, zipfile.ZipFile(target, "w") as new_file:
        for name in old_file.namelist():
            content = old_file.read(name)
            if name == file:
                assert old in content
                content = content.replace(old, new)
            new_file.writestr(name, content)


DENSE = b'"module": "keras.layers", "class_name": "Dense"'
RELU = b'"activation": "relu"'
FUNCTION = b'"activation": {"module": "%s", "class_name": "function", "config": "%s"}'
TWICE = b'"registered_name": "tests>Twice"'  # the layer below, which is known


@pytest.mark.parametrize(("name", "refused"), [(b"save_img", True), (b"plot_model", False)])
def test_keras_itself_refuses_some_of_its_functions(saved, tmp_path, name, refused):
    """As the chapter says; our own check, below, refuses both."""
    path = tmp_path / "stranger.keras"
    function = FUNCTION % (b"keras.utils", name)
    change_description(saved[0] / "model.keras", path, RELU, function)
    if refused:
        with pytest.raises(TypeError, match="could not be deserialized"):
            keras.saving.load_model(path)
    else:
        assert keras.saving.load_model(path).layers[0].activation is keras.utils.plot_model


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (RELU, FUNCTION % (b"keras.utils", b"plot_model"), "plot_model"),
        (RELU, FUNCTION % (b"keras.datasets.mnist", b"load_data"), "load_data"),
        (RELU, FUNCTION[:-1] % (b"keras.utils", b"plot_model") + b", %s}" % TWICE, "plot_model"),
        (RELU, b'"activation": {"class_name": "__lambda__", "config": {}}', "__lambda__"),
        (DENSE, b'"module": "keras.applications", "class_name": "ResNet50"', "ResNet50"),
        (DENSE, DENSE.replace(b"Dense", b"Lambda"), "Lambda"),
        (DENSE, DENSE.replace(b"Dense", b"TFSMLayer"), "TFSMLayer"),
    ],
)
def test_only_layers_are_built(saved, load, load_script, tmp_path, monkeypatch, old, new, said):
    """Keras would call some of these while it builds the model, and only then refuse it."""
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: pytest.fail("built"))
    path = tmp_path / "stranger.keras"
    change_description(saved[0] / "model.keras", path, old, new)
    ship = load_script("serialization/rest/ship_model.py")
    for main, options in ((load.main, [str(path)]), (ship.main, ["--model", str(path)])):
        with pytest.raises(SystemExit, match=f"cannot load .*it asks for {said}, which is not a"):
            main([*options])


def test_another_ending_does_not_pass_the_check(load, tmp_path, monkeypatch):
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: pytest.fail("built"))
    path = tmp_path / "stranger.hdf5"  # which Keras takes, too
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "function", "config": "plot_model"})
    with pytest.raises(SystemExit, match="it asks for plot_model, which is not a layer"):
        load.main([str(path)])


@keras.saving.register_keras_serializable("tests")
class Twice(keras.layers.Layer):
    def call(self, x):
        return 2 * x


def test_graphs_and_layers_of_ones_own_are_known(tmp_path):
    layers = keras.layers
    inputs = keras.Input((8, 4))
    x = inputs + layers.MultiHeadAttention(2, 2)(inputs, inputs)
    x = Twice()(layers.LayerNormalization()(x))
    x = layers.Bidirectional(layers.LSTM(3, kernel_regularizer="l2"))(x)
    x = layers.Dense(3, activation=keras.activations.gelu, kernel_constraint="max_norm")(x)
    model = keras.Model(inputs, x)
    rate = keras.optimizers.schedules.CosineDecay(0.1, 10)
    metrics = ["accuracy", keras.metrics.F1Score()]
    model.compile(keras.optimizers.AdamW(rate), keras.losses.mean_squared_error, metrics=metrics)
    model.save(tmp_path / "model.keras")
    (tmp_path / "model.json").write_text(model.to_json(), encoding="utf-8")
    refuse_strange_kinds(tmp_path / "model.json")
    x = np.ones((1, 8, 4), "float32")
    loaded = load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict_on_batch(x), model.predict_on_batch(x), atol=1e-6)


def test_what_unfolds_to_gigabytes_is_not_unpacked(saved, load, load_script, monkeypatch):
    look = load_script("serialization/look_inside.py")
    for module in (look, sys.modules["utils.saving"]):
        monkeypatch.setattr(module, "LARGEST", 10_000)
    for script in (load, look):
        with pytest.raises(SystemExit, match="unpacked it would have more than"):
            script.main([str(saved[0] / "model.keras")])


@pytest.mark.parametrize("name", ["../a", "/a", "assets/../../a"])
def test_what_points_out_of_the_file_is_refused_before_keras_unpacks_it(name, saved, tmp_path):
    shutil.copy(saved[0] / "model.keras", tmp_path)
    with zipfile.ZipFile(tmp_path / "model.keras", "a") as file:
        file.writestr(name, b"")
    assert "would write outside" in failure(load_model, tmp_path / "model.keras")


def test_scripts_refuse_bad_options(load_script):
    with pytest.raises(SystemExit, match=r"^2$"):
        load_script("serialization/save_model.py").main(["--epochs", "0"])


HAS_ONNX = all(map(importlib.util.find_spec, ["onnx", "tf2onnx", "onnxruntime"]))


@pytest.mark.slow
@pytest.mark.skipif(not HAS_ONNX, reason="NOT TESTED: pip install -r requirements-optional.txt")
def test_onnx(saved, load):
    """The file answers as the network does: test_table_says_what_each_form_keeps compares."""
    assert "ONNX" in {row["form"] for row in load.main([str(saved[0])])["rows"]}


@pytest.fixture
def smaller(load_quickly, monkeypatch):
    """The script, with 500 images; it measures in this process, which saves half a minute."""
    module = load_quickly("serialization/smaller.py")
    answer = load_quickly("serialization/answer.py")
    monkeypatch.setattr(answer, "CALLS", {1: 2, 1000: 1})

    def measure(path):
        row = answer.main([str(path), str(path.with_name("probe.npz"))])
        return row | {"bytes": module.forms.size(path)}

    monkeypatch.setattr(module, "measure", measure)
    return module


@pytest.mark.slow
def test_smaller_forms_are_smaller_and_read_as_well(smaller, tmp_path, capsys):
    networks = smaller.main(["--epochs", "1", "--outputs", str(tmp_path)])
    shown = capsys.readouterr().out
    assert set(networks) == {"mlp_one_layer", "conv_net"}
    for name, network in networks.items():
        rows = network["forms"]
        assert 0 < network["rounded_to_float16"] < rows["float16_keras"]["difference"]
        whole = rows["model_keras"]
        assert whole["difference"] == 0 and f"{whole['bytes']:,}" in shown
        for form, row in rows.items():
            assert row["difference"] < 0.1, form
            assert abs(row["accuracy"] - whole["accuracy"]) <= 0.01, form
            assert row["ms_1000"] > row["ms_1"] > 0, form
        half, quarter = rows["float16_keras"], rows["int8_keras"]
        assert 0 < half["difference"] < 0.01 and quarter["difference"] > 0
        assert 0.45 < half["bytes"] / whole["bytes"] < 0.6
        # Of the convolutional network, only the dense layers, 37,578 of 93,322 parameters.
        assert quarter["bytes"] / whole["bytes"] < (0.3 if name == "mlp_one_layer" else 0.8)
        if "model_tflite" in rows:
            assert 0 <= rows["model_tflite"]["difference"] < 1e-5
            assert rows["int8_tflite"]["bytes"] / rows["model_tflite"]["bytes"] < 0.35
            assert rows["int8_tflite"]["difference"] > 1e-5
            assert ("model_onnx" in rows) == HAS_ONNX, "it was skipped: see the output"
        if "model_onnx" in rows:
            assert rows["model_onnx"]["library"].startswith("onnxruntime ")
            assert rows["model_onnx"]["difference"] < 1e-5


def test_float16_halves_all_weights_and_int8_is_for_dense_layers_only(smaller, tmp_path):
    """As the text says. Once Keras does more, the text has to follow."""
    model = keras.saving.load_model(SHIPPED, compile=False)
    smaller.save_float16(model, tmp_path)
    loaded = keras.saving.load_model(tmp_path / "float16.keras")
    kinds = {layer.compute_dtype for layer in loaded.layers}
    assert kinds == {weight.dtype for weight in loaded.weights} == {"float16"}
    smaller.save_int8(model, tmp_path)
    loaded = keras.saving.load_model(tmp_path / "int8.keras")
    quantized = {type(layer) for layer in loaded.layers if "int8" in layer.dtype_policy.name}
    assert quantized == {keras.layers.Dense}
    assert loaded.get_layer("dense").inputs_quantizer, "its inputs are rounded, too"


def test_smaller_says_what_it_leaves_out(smaller, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(smaller.save_model, "installed", lambda package: "onnx" not in package)
    few = [saver for saver in smaller.SAVERS if saver[0] in ("model.keras", "model.onnx")]
    monkeypatch.setattr(smaller, "SAVERS", few)
    networks = smaller.main([str(SHIPPED), "--outputs", str(tmp_path)])
    assert set(networks["conv_net"]["forms"]) == {"model_keras"}
    assert "skipped: not installed: onnx, tf2onnx, onnxruntime" in capsys.readouterr().out


def test_a_form_whose_process_was_killed_is_left_out(load_script, tmp_path, monkeypatch, capsys):
    smaller = load_script("serialization/smaller.py")
    killed = subprocess.CompletedProcess([], -9, stdout="", stderr="")
    monkeypatch.setattr(smaller.subprocess, "run", lambda *_, **__: killed)
    assert smaller.measure(tmp_path / "int8.keras") is None
    assert "int8.keras      left out: ended with status -9" in capsys.readouterr().out


def test_smaller_wants_a_network_that_reads_digits(smaller, saved, tmp_path):
    with pytest.raises(SystemExit, match="xor does not read digits of 28 x 28 pixels"):
        smaller.main([str(saved[0] / "model.keras"), "--outputs", str(tmp_path)])


@pytest.mark.slow
def test_a_network_trained_with_augmentation_is_known_in_other_chapters(
    load_script, run_script, tmp_path
):
    """In a process of its own, which has never heard of mnist.py."""
    conv_net = load_script("mnist/models.py").conv_net()
    load_script("mnist/overfitting/techniques.py").augment(conv_net, "affine").save(
        tmp_path / "net.keras"
    )
    run = run_script("serialization/load_model.py", tmp_path / "net.keras")
    assert run.returncode == 0, run.stderr


@pytest.mark.slow
def test_an_answer_takes_no_more_than_its_library(saved, run_script, tmp_path):
    """In a process of its own, as smaller.py asks for it."""
    code = "import sys, answer; print({'keras', 'tensorflow'} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT / "serialization", capture_output=True, text=True)
    assert run.stdout.strip() == "set()", run.stderr
    (tmp_path / "broken.tflite").write_bytes(b"no model")
    run = run_script("serialization/answer.py", tmp_path / "broken.tflite", saved[0] / "probe.npz")
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert run.stderr.splitlines()[-1].startswith("answer.py: ") and "broken" in run.stderr
    if "model.tflite" in saved[1]["sizes"]:
        model = tmp_path / "Übung.tflite"  # which LiteRT itself could not open on Windows
        shutil.copy(saved[0] / "model.tflite", model)
        run = run_script("serialization/answer.py", model, saved[0] / "probe.npz")
        row = json.loads(run.stdout.splitlines()[-1])
        assert row["difference"] < 1e-5 and row["library_bytes"] > row["network_bytes"] >= 0
