"""The scripts in serialization/: what is saved comes back, and what is broken is refused."""

import re
import sys
import zipfile
from importlib.util import find_spec

import hostile_models
import keras
import numpy as np
import pytest
from conftest import ROOT, failure

from mnist.data import prepare_mnist
from serialization import answer, load_model, look_inside, save_model, smaller, trust
from utils import loading
from utils.loading import refuse_strange_kinds

SHIPPED = ROOT / "assets" / "models" / "conv_net.keras"
# What is odd in these, nobody looks at.
HARMLESS = {"zip: what nobody asked for", "zip: doubled, bad first"}
HAS_ONNX = all(map(find_spec, ["onnx", "tf2onnx", "onnxruntime"]))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder of save_model.py."""
    folder = tmp_path_factory.mktemp("saved")
    results = save_model.main(["--outputs", str(folder)])
    written = {path.name for path in folder.iterdir()}
    assert set(results["sizes"]) | {".code.zip", ".lock", "probe.npz", "results.json"} == written
    return folder


def test_table_says_what_each_form_keeps(saved):
    rows = {row["form"]: row for row in load_model.main([str(saved)])["rows"]}
    assert all(row["difference"] < 1e-5 and row["bytes"] > 0 for row in rows.values())
    assert all(rows[form]["difference"] == 0 for form in (".keras", ".h5, legacy"))
    assert rows[".keras"]["go_on"] == rows["JSON + .weights.h5"]["go_on"] == "yes"
    assert rows[".weights.h5, code"]["go_on"] == "after compile"
    if keras.config.backend() == "tensorflow":
        assert rows["SavedModel"]["go_on"] == rows["LiteRT"]["go_on"] == "no"
        assert ("ONNX" in rows) == HAS_ONNX
    with np.load(saved / "probe.npz") as probe:
        np.testing.assert_allclose(probe["predictions"].round().ravel(), [0, 1, 1, 0])


def test_training_really_goes_on_where_it_stopped(saved):
    """One step from the file is the step that the original would have made."""
    x, y = np.array([[0, 1]], dtype="float32"), np.array([[1.0]])
    one, fresh = (keras.saving.load_model(saved / "model.keras") for _ in range(2))
    by_weights = save_model.build_model()  # as the text says
    for model in (fresh, by_weights):
        model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")  # no moments
    by_weights.optimizer.build(by_weights.trainable_variables)
    by_weights.load_weights(saved / "model.weights.h5")
    for model in (one, fresh, by_weights):
        model.train_on_batch(x, y)
    assert int(one.optimizer.iterations) == 1001 and int(fresh.optimizer.iterations) == 1
    for model, equal in ((by_weights, True), (fresh, False)):
        pairs = zip(one.get_weights(), model.get_weights(), strict=True)
        assert (max(np.abs(a - b).max() for a, b in pairs) < 1e-7) == equal


def test_a_model_of_another_chapter_is_saved_as_well(tmp_path, monkeypatch, capsys):
    """In the forms of Keras alone, as if nothing else were installed."""
    monkeypatch.setattr(save_model, "find_spec", lambda package: None)
    results = save_model.main(["--model", str(SHIPPED), "--outputs", str(tmp_path)])
    assert "skipped: not installed: onnx, tf2onnx" in capsys.readouterr().out
    assert results["model"] == "conv_net"
    rows = {row["form"]: row for row in load_model.main([str(tmp_path)])["rows"]}
    # Not ".weights.h5, code": the code is that of another network.
    assert set(rows) == {".keras", "JSON + .weights.h5", ".h5, legacy"}
    assert all(row["difference"] < 1e-5 for row in rows.values())


def change_description(source, target, old, new, file="config.json"):
    """Copy a .keras file, with another text in one of the files inside."""
    with zipfile.ZipFile(source) as old_file, zipfile.ZipFile(target, "w") as new_file:
        for name in old_file.namelist():
            content = old_file.read(name)
            if name == file:
                assert old in content
                content = content.replace(old, new)
            new_file.writestr(name, content)


def test_broken_files_get_one_clear_line(saved, tmp_path):
    whole = saved / "model.keras"
    # A file from the future: a setting that this version does not know.
    change_description(whole, tmp_path / "a", b'"units"', b'"neurons"')
    version = keras.version().encode(), b"9.9.9"
    change_description(tmp_path / "a", tmp_path / "new.keras", *version, "metadata.json")
    (tmp_path / "half.keras").write_bytes(whole.read_bytes()[:9_000])
    (tmp_path / "empty.keras").touch()
    for name, said in [
        ("missing", "there is no"),
        ("half", "only a part"),
        ("empty", "is not a .keras file"),
        ("new", "was written by Keras 9.9.9"),
    ]:
        path = str(tmp_path / f"{name}.keras")
        assert said in failure(load_model.main, [path])
        assert said in failure(save_model.main, ["--model", path])
        assert name == "new" or said in failure(look_inside.main, [path])


def test_another_activation_loads_without_a_word_and_answers_wrongly(saved, tmp_path):
    path = tmp_path / "model.keras"
    change_description(saved / "model.keras", path, b'"relu"', b'"tanh"')
    with np.load(saved / "probe.npz") as probe:
        assert load_model.measure(path, probe)["difference"] > 0.5


def test_unsafe_files_load_only_when_it_is_asked_for(tmp_path, capsys):
    results = trust.main(["--outputs", str(tmp_path)])
    shown = capsys.readouterr().out
    for name in ("lambda.keras", "lambda.h5"):
        assert results[f"{name} True"] == "refused" and results[f"{name} False"] == "loaded"
    assert results["function.keras True"] == results["function.keras False"] == "refused"
    for name in ("pointing", "linked"):
        found = results[f"{name}.weights.h5"]
        assert found == {"hdf5": "password: 42", "keras": "refused"}, "a hole in this Keras"
    assert results.get("saved_model", "password: 42") == "password: 42"
    safe, unsafe = shown.split("lambda.keras, safe_mode=True:")[1].split("safe_mode=False:")[:2]
    assert "code from the file is running" not in safe
    assert "code from the file is running" in unsafe
    assert not results["checksum_equal"]


@pytest.mark.skipif(sys.platform != "linux", reason="inotify sees who opens the bait")
@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_a_strangers_model_gets_nothing(step, tmp_path):
    """Of one script, each of so many files; python tests/long/hostile_models.py tries all."""
    (bait := tmp_path / "bait").mkdir()
    files = hostile_models.hostile_files(tmp_path, bait, bomb=False)
    assert len(files) > 300
    files = {name: files[name] for name in [*files][::step]}
    loader = ("serialization/load_model.py", "FILE", "")
    for _, name, outcome, touched in hostile_models.try_all(files, bait, tmp_path, loader):
        assert touched == [], name
        assert outcome == "loaded" if name in HARMLESS else outcome == "refused", (name, outcome)
        if re.match(f"(keras|h5|json): (keras.layers.)?({'|'.join(loading.REFUSED)}) as", name):
            with pytest.raises(ValueError, match="it asks for"):  # before Keras builds anything
                refuse_strange_kinds(files[name])


@keras.saving.register_keras_serializable("tests")
class Twice(keras.layers.Layer):
    def call(self, x):
        return 2 * x


def test_graphs_and_layers_of_ones_own_are_known(tmp_path):
    layers, inputs, seed = keras.layers, keras.Input((8, 4)), keras.random.SeedGenerator(1)
    x = inputs + layers.MultiHeadAttention(2, 2)(inputs, inputs)
    x = layers.Bidirectional(layers.LSTM(3, kernel_regularizer="l2"))(Twice()(x))
    x = layers.Dense(3, activation=keras.activations.gelu, kernel_constraint="max_norm")(x)
    x = layers.Dense(3, kernel_initializer=keras.initializers.HeNormal(seed))(x)
    model = keras.Model(inputs, x)
    optimizer = keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(0.1, 10))
    metrics = ["accuracy", keras.metrics.F1Score()]
    model.compile(optimizer, keras.losses.mean_squared_error, metrics=metrics)
    model.save(tmp_path / "model.keras")
    (tmp_path / "model.json").write_text(model.to_json(), encoding="utf-8")
    refuse_strange_kinds(tmp_path / "model.json")
    assert loading.load_model(tmp_path / "model.keras").count_params() == model.count_params()


@pytest.fixture
def few(few_digits, monkeypatch):
    """Let smaller.py take 500 images, and measure in this process, which saves half a minute."""
    monkeypatch.setattr(answer, "CALLS", {1: 1, 1000: 1})
    monkeypatch.setattr(answer, "LEAST", 0.02)
    measure = lambda path: answer.main([str(path), str(path.with_name("probe.npz"))])  # noqa: E731
    monkeypatch.setattr(smaller, "measure", measure)
    monkeypatch.setattr(smaller, "ROUNDS", 1)


def test_float16_halves_all_weights_and_int8_is_for_dense_layers_only(tmp_path):
    """As the text says. Once Keras does more, the text has to follow."""
    model = keras.saving.load_model(SHIPPED, compile=False)
    smaller.save_float16(model, tmp_path / "float16.keras")
    loaded = keras.saving.load_model(tmp_path / "float16.keras")
    x = np.random.default_rng(1).uniform(0, 1, (9, 28, 28, 1)).astype("float32")

    def change():
        return np.abs(loaded.predict_on_batch(x) - model.predict_on_batch(x)).max()

    assert change() < 0.01
    kinds = {layer.compute_dtype for layer in loaded.layers}
    assert kinds == {weight.dtype for weight in loaded.weights} == {"float16"}
    for save, inputs_too in ((smaller.save_int8, True), (smaller.save_int8_weights, False)):
        save(model, tmp_path / "int8.keras")
        loaded = keras.saving.load_model(tmp_path / "int8.keras")
        quantized = {type(layer) for layer in loaded.layers if "int8" in layer.dtype_policy.name}
        assert quantized == {keras.layers.Dense} and change() < 0.1
        assert bool(loaded.get_layer("dense").inputs_quantizer) == inputs_too


def test_the_table_of_formats_is_complete(tmp_path):
    page = (ROOT / "serialization" / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)` \| .* \| .* \|$", page, re.MULTILINE)
    with pytest.raises(ValueError, match="Supported formats") as error:
        keras.saving.load_model(SHIPPED, compile=False).export(tmp_path / "x", format="other")
    known = re.findall(r"'(\w+)'", str(error.value).partition("are:")[2])
    assert sorted(named) == sorted(known)


def test_smaller_measures_on_validation_images(few, saved, tmp_path, monkeypatch):
    monkeypatch.setattr(smaller, "SAVERS", smaller.SAVERS[:1])
    times, get = iter([{"ms_1": 3, "ms_1000": 5}, {"ms_1": 2, "ms_1000": 6}]), smaller.measure
    monkeypatch.setattr(smaller, "measure", lambda path: get(path) | next(times))
    monkeypatch.setattr(smaller, "ROUNDS", 2)
    networks = smaller.main([str(SHIPPED), "--outputs", str(tmp_path)])
    (row,) = networks["conv_net"]["forms"].values()
    assert (row["ms_1"], row["ms_1000"], row["difference"]) == (2, 5, 0)
    assert 0.97 < row["accuracy"] < 1
    with np.load(tmp_path / "conv_net" / "probe.npz") as probe:
        expected = prepare_mnist((28, 28, 1)).x_val
        np.testing.assert_array_equal(probe["inputs"], expected)
        few = {name: probe[name][:9] for name in probe}
    few["predictions"][0, 0] += 0.25  # as if one were known to be another
    row = answer.measure(tmp_path / "conv_net" / "model.keras", few)
    assert row["difference"] == pytest.approx(0.25, abs=1e-4)
    assert "does not read digits" in failure(smaller.main, [str(saved / "model.keras")])
