"""Convolutions by hand, the pretrained network, photographs, transfer learning."""

import json
import re
import shutil
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from conftest import ROOT, failure
from keras import layers
from PIL import Image

from cnn.fields import Field, place, receptive_fields
from utils.runs import load_results


@pytest.fixture
def emoji():
    """Return {class: pictures (n, 64, 64, 3)}."""
    with np.load(ROOT / "cnn" / "data" / "emoji.npz") as arrays:
        pictures, labels, classes = arrays["noto"], arrays["label"], arrays["classes"]
    return {name: pictures[labels == i] for i, name in enumerate(classes)}


@pytest.fixture
def my_pictures(tmp_path, emoji):
    """Return a folder as a reader may have it: unequal classes, an empty one, a broken file."""
    folder = tmp_path / "my pictures"
    for name, count in (("animal", 12), ("vehicle", 10), ("empty", 0)):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            Image.fromarray(emoji[name][i]).save(folder / name / f"{i:02}.png")
    (folder / "animal" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more than a beginning")
    (folder / "animal" / ".hidden").write_text("")
    (folder / "notes.txt").write_text("a file beside the folders is of no class")
    return folder


def test_a_small_convolution_in_numbers(load_script):
    script = load_script("cnn/convolution.py")
    image = np.arange(16.0).reshape(4, 4, 1)
    total = script.convolve(image, np.ones((3, 3, 1, 1)))
    assert total[..., 0].tolist() == [[45, 54], [81, 90]]
    assert script.convolve(image, script.EDGES[:, :, None, None])[..., 0].tolist() == [[-8] * 2] * 2
    assert script.pool(image, 2)[..., 0].tolist() == [[5, 7], [13, 15]]
    assert script.pool(image, 2, np.mean)[..., 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]


@pytest.mark.parametrize(
    ("size", "how"),
    [
        (3, {}), (5, {"stride": 2}), (3, {"dilation": 2}), (1, {"stride": 3}),
        (3, {"padding": 1}), (5, {"padding": 2}),
    ],
)  # fmt: skip
def test_any_convolution_by_hand_is_that_of_keras(load_script, size, how):
    script = load_script("cnn/convolution.py")
    random = np.random.default_rng(1)
    image = random.normal(size=(11, 9, 4)).astype("float32")
    kernels, biases = random.normal(size=(size, size, 4, 6)), random.normal(size=6)
    padding = "same" if how.get("padding") else "valid"
    layer = layers.Conv2D(
        6, size, how.get("stride", 1), padding, dilation_rate=how.get("dilation", 1)
    )
    layer.build((None, *image.shape))
    layer.set_weights([kernels, biases])
    by_keras = keras.ops.convert_to_numpy(layer(image[None]))[0]
    by_hand = script.convolve(image, kernels, biases, **how)
    np.testing.assert_allclose(by_hand, by_keras, rtol=1e-4, atol=1e-4)
    for n, columns in zip(image.shape, by_hand.shape[:2], strict=False):  # the formula of the text
        reach = how.get("dilation", 1) * (size - 1)
        assert columns == (n + 2 * how.get("padding", 0) - reach - 1) // how.get("stride", 1) + 1


def test_the_lesson_on_convolution_agrees_with_keras(load_script, tmp_path):
    results = load_script("cnn/convolution.py").main(["--outputs", str(tmp_path)])
    assert len(results["results"]) == 11
    assert results["largest_difference"] < 1e-5
    assert (tmp_path / "convolution_variants.png").stat().st_size > 10_000


def test_receptive_fields_are_those_that_are_counted(run_lesson):
    _, fields = run_lesson("cnn/receptive_field.py")
    assert [one["field"] for one in fields.values()] == [3, 4, 8, 10, 18]
    assert all(one["noticed"] == one["field"] ** 2 for one in fields.values())
    assert fields["conv2d_2"]["centres"] == [8.5, 12.5, 16.5]


def test_receptive_fields_follow_padding_stride_dilation_and_branches():
    """The first and the last pixel that each output notices, at every place of every layer."""
    keras.utils.clear_session()
    inside = set()
    start = keras.Input((40, 41, 1))
    x = layers.Conv2D(1, (3, 5), 2, padding="same")(start)
    x = layers.DepthwiseConv2D(3, padding="same", dilation_rate=2)(x)
    skip = layers.Conv2D(1, 1, 2, padding="same")(x)
    x = layers.ZeroPadding2D(((0, 1), (2, 0)))(x)
    x = layers.Conv2D(1, 3, 2)(x)
    x = layers.AveragePooling2D(2, 1, padding="same")(x)
    x = layers.Cropping2D(((1, 0), (0, 2)))(layers.Add()([x, skip]))
    x = layers.MaxPooling2D(2)(x)
    network = keras.Model(start, x)
    network.set_weights([np.full(w.shape, w.ndim > 1, "float32") for w in network.get_weights()])
    fields = receptive_fields(network)
    assert set(fields) > {"add", "max_pooling2d"} and len(fields) == 9
    pixels = np.eye(40 * 41, dtype="float32").reshape(-1, 40, 41, 1)
    for name, both in fields.items():
        output = network.get_layer(name).output
        noticed = keras.Model(start, output).predict_on_batch(pixels).any(axis=-1)
        for axis, field in enumerate(both):
            sides = noticed.reshape(40, 41, *output.shape[1:3]).any(axis=(1 - axis, 3 - axis))
            for i, seen in enumerate(sides.T):
                first, last = (end + i * field.step for end in (field.first, field.last))
                found = np.flatnonzero(seen)
                assert all((first <= found) & (found <= last)), (name, axis, i)
                if first >= 0 and last < len(seen):  # dilated fields have holes at the borders
                    assert (found[0], found[-1]) == (first, last), (name, axis, i)
                    inside.add((name, axis))
    assert len(inside) == 2 * len(fields)


def test_numbers_are_placed_at_the_middle_of_their_fields():
    fields = Field(0, 17, 4), Field(-2, 2, 2)  # centres 8.5, 12.5, 16.5 and 0, 2, 4
    maps = np.zeros((1, 3, 3))
    maps[0, 1, 2] = 1
    placed = place(maps, fields, (28, 6))
    rows, columns = placed[0].max(axis=1), placed[0].max(axis=0)
    np.testing.assert_allclose(
        rows[8:18], [0, *np.arange(1, 8, 2) / 8, *np.arange(7, 0, -2) / 8, 0]
    )
    assert rows[[0, 27]].tolist() == [0, 0] and columns.tolist() == [0, 0, 0, 7 / 16, *[7 / 8] * 2]


def test_maps_move_with_the_digit_if_the_shift_fits_the_stride(load_script):
    script = load_script("cnn/shifts.py")
    images = np.zeros((1, 28, 28), "float32")
    images[0, 10, 10] = 1
    assert script.shift(images, -2, 3)[0, 8, 13] == 1 == script.shift(images, -2, 3).sum()
    digits = script.prepare_mnist((28, 28, 1), 1).x_val[:50, ..., 0]
    first, pooled, second, pooled_again = script.measure_equivariance(
        script.load_model(script.TRAINED), digits
    ).values()
    nothing = pytest.approx(0, abs=1e-6)  # the order in which numbers are added may round
    assert first == {"1": nothing, "2": nothing, "4": nothing}
    assert pooled["1"] > 0.1 and pooled["2"] == nothing and second["2"] == nothing
    assert pooled_again["2"] > 0.1 and pooled_again["4"] == nothing


@pytest.mark.slow
def test_shifted_digits_are_read_worse(load_quickly, monkeypatch, tmp_path):
    script = load_quickly("cnn/shifts.py")
    monkeypatch.setattr(script, "SHIFTS", [0, 4])
    options = ["--epochs", "1", "--train-samples", "1500", "--outputs", str(tmp_path)]
    results = script.main(options)
    for name in ("mlp_one_layer", "conv_net"):
        still, far = results["accuracies"][name].values()
        assert still > 0.6 and far < still - 0.2


def test_skips_carry_the_gradient_through_thirty_layers(load_script):
    script = load_script("cnn/depth.py")
    images, _, labels, _ = script.load_images()
    first = {}
    for kind in script.KINDS:
        keras.utils.set_random_seed(1)
        network = script.build_network(30, kind)
        sizes = script.gradient_sizes(network, images, labels)
        assert len(sizes) == 30
        first[kind] = sizes[0]
    assert first["with skips"] > 1e-4 > 1e4 * first["plain"] > 0


@pytest.mark.slow
def test_depth_leaves_its_results_and_figure(run_lesson):
    options = ["--depths", 4, 2, "--epochs", 1, "--seeds", 1]
    script, results = run_lesson("cnn/depth.py", *options)
    assert set(results["accuracies"]["plain"]) == {"2", "4"}
    assert len(results["sizes"]["plain"]) == 4  # of the deepest, whatever the order
    with pytest.raises(SystemExit, match="2"):
        script.main(["--depths", "3"])  # they come in pairs


@pytest.mark.slow
def test_the_residual_network_learns(load_quickly, tmp_path):
    script = load_quickly("cnn/residual.py")
    options = ["--epochs", 1, "--seeds", 1, "--train-samples", 1500, "--outputs", tmp_path]
    results = script.main([*map(str, options)])
    assert results["residual_net"]["parameters"] == 92_601
    assert abs(results["residual_net"]["parameters"] / results["conv_net"]["parameters"] - 1) < 0.02
    assert results["conv_net, as many seconds"]["seconds"] >= results["residual_net"]["seconds"]
    assert results["conv_net"]["mean"] > 0.5


@pytest.mark.parametrize("mode", ["RGB", "L", "LA", "RGBA", "P", "CMYK", "I;16", "1"])
def test_a_picture_of_any_mode_is_read(load_script, tmp_path, mode):
    script = load_script("cnn/photographs.py")
    wide = np.full((40, 60), 200, "uint8")
    image = Image.fromarray(wide)
    if mode == "I;16":
        image = Image.fromarray(wide.astype("uint16") * 257)
    elif mode == "LA":
        image.putalpha(0)  # nothing can be seen of it
    else:
        image = image.convert(mode)
    path = tmp_path / ("picture.jpg" if mode == "CMYK" else "picture.png")
    image.save(path)
    pixels = script.read_picture(path, 32)
    assert pixels.shape == (32, 32, 3) and pixels.dtype == "uint8"
    if mode == "1":  # black and white dots, as many as the grey needs
        assert pixels.mean() == pytest.approx(200, abs=5)
    else:
        assert abs(pixels.astype(int) - (255 if mode == "LA" else 200)).max() <= 3


def test_a_phone_says_how_it_was_held(load_script, tmp_path):
    script = load_script("cnn/photographs.py")
    pixels = np.zeros((64, 64, 3), "uint8")
    pixels[:32] = 255  # white on top
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=exif)
    read = script.read_picture(tmp_path / "turned.jpg", 32)
    assert read[:12].mean() < 10 and read[-12:].mean() > 245


def test_what_is_no_picture_says_so(load_script, tmp_path):
    script = load_script("cnn/photographs.py")
    whole = ROOT / "cnn" / "data" / "photos" / "cat.jpg"
    (tmp_path / "half.jpg").write_bytes(whole.read_bytes()[:9000])
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.jpg").touch()
    for path in [*tmp_path.iterdir(), tmp_path / "missing.jpg", tmp_path]:
        with pytest.raises(script.NoPictureError, match=f"^{path} is left out: .+$"):
            script.read_picture(path, 32)


def test_shipped_photographs_are_named(load_script, tmp_path, capsys):
    script = load_script("cnn/classify.py")
    (tmp_path / "text.png").write_text("no picture")
    photos = [script.PHOTOS, tmp_path / "text.png"]
    run = [*photos, "--outputs", tmp_path / "run"]
    results = script.main([*map(str, run)])["photos"]
    best = {name: [kind for kind, _ in five] for name, five in results.items()}
    assert best["cat.jpg"][0] == "Egyptian cat" and {"tiger cat", "tabby"} < set(best["cat.jpg"])
    assert best["coffee.jpg"][0] == "espresso"
    assert {"missile", "space shuttle"} < set(best["rocket.jpg"])
    assert len(best) == 4 and all(len(five) == 5 for five in best.values())
    said = capsys.readouterr()
    assert said.err.count("text.png is left out: not an image") == 1
    assert "cat.jpg\n   36." in said.out or "cat.jpg\n   37." in said.out
    assert (tmp_path / "run" / "classify.png").stat().st_size > 100_000


def test_names_of_classes_command_no_terminal(load_script, tmp_path):
    (tmp_path / "names.json").write_text(json.dumps(["\x1b[2Jcat, puss", "dog"]))
    script = load_script("cnn/classify.py")
    assert script.read_classes(tmp_path / "names.json") == ["?[2Jcat", "dog"]


def test_the_weights_are_all_used_and_maps_average_to_the_score(load_script):
    script = load_script("cnn/classify.py")
    network, classes, _ = script.load_network(script.MODEL)
    assert network.count_params() == 4_694_024 and len(classes) == 1000
    pixels = script.read_picture(script.PHOTOS / "cat.jpg", 224)
    probabilities, maps = script.classify(script.with_maps(network), np.copy, pixels)
    assert maps.shape == (7, 7, 1000)
    logits = maps.mean(axis=(0, 1)) + np.asarray(network.layers[-1].get_weights()[1])
    np.testing.assert_allclose(
        np.log(probabilities)[:5] - logits[:5], -np.log(np.exp(logits).sum()), atol=1e-3
    )


def test_class_activation_maps_lie_where_the_thing_is(load_script, emoji):
    """Drawings on grey: the map follows them, and is in the middle for one in the middle.

    The fields of the last maps have 851 pixels, and their middles lie 15.5 pixels further down and
    right than equal parts of the image; the trained network does not look there.
    """
    script = load_script("cnn/classify.py")
    network = script.build_network()
    field, _ = receptive_fields(network)["head_relu"]
    assert field.size == 851 and field.centres(7)[3] == 111.5 + 15.5
    network, middles = script.with_maps(network), {}
    for top in (32, 80, 128):
        found = []
        for picture in emoji["animal"][:12]:
            pixels = np.full((2, 224, 224, 3), 128, "float32")
            pixels[0, top : top + 64, 80:144] = picture
            answers, maps = network.predict_on_batch(pixels)
            of_class = maps[..., answers[0].argmax()]
            heat = (of_class[0] - of_class[1]).clip(0)  # what the drawing adds to the grey
            found.append([heat.sum(axis=1 - axis) @ np.arange(7) / heat.sum() for axis in (0, 1)])
        middles[top] = 32 * np.mean(found, axis=0) + 15.5  # in pixels, if the parts are equal
    assert middles[32][0] < middles[80][0] - 15 and middles[80][0] + 15 < middles[128][0]
    np.testing.assert_allclose(middles[80], 111.5, atol=9)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["README.md"], "none of these is an image"),
        (["--model", "NoNet"], "there is no model NoNet"),
        (["--model", "resnet"], "there is no model resnet"),
        (["--model", "missing.keras"], "there is no missing.keras"),
        (
            ["--model", "assets/models/conv_net.keras"],
            r"takes \(28, 28, 1\), not square images in colour",
        ),
        (["--model", "MobileNetV2"], "MobileNetV2 needs a connection .*no way out"),
    ],
)
def test_classify_says_in_one_line_what_is_wrong(load_script, tmp_path, monkeypatch, options, line):
    script = load_script("cnn/classify.py")
    monkeypatch.chdir(ROOT)

    def offline(weights):
        raise OSError("no way out\nof here")

    monkeypatch.setattr(keras.applications, "MobileNetV2", offline)
    monkeypatch.setattr(sys, "argv", ["cnn/classify.py"])
    if "README.md" in options:  # a small network suffices to read nothing
        small = keras.Sequential([keras.Input((32, 32, 3)), layers.Flatten(), layers.Dense(2)])
        monkeypatch.setattr(script, "load_network", lambda _: (small, ["a", "b"], np.copy))
    with pytest.raises(SystemExit, match=f"^classify.py: .*{line}") as end:
        script.main([*options, "--outputs", str(tmp_path)])
    assert "\n" not in str(end.value)


@pytest.mark.slow
def test_a_folder_of_ones_own_from_end_to_end(load_script, my_pictures, tmp_path, capsys):
    """Trained, thawed, saved, and loaded: by the script, and by classify.py, which draws maps."""
    run, script = tmp_path / "run", load_script("cnn/transfer.py")
    (my_pictures / "animal" / "broken.jpg").unlink()
    (my_pictures / "empty").rmdir()
    photo = my_pictures / "animal" / "00.png"
    options = ["--data", my_pictures, "--photos", photo, "--size", 96, "--outputs", run]
    results = script.main([*map(str, options)])
    printed = capsys.readouterr().out
    assert "Found 18 files belonging to 2 classes" in printed
    assert "It knows nothing but animal, vehicle, and calls" in printed
    assert results["classes"] == ["animal", "vehicle"] and results["held_out"] == 4
    assert results["fine_tuned"]["accuracy"] > 0.7
    assert results["photos"]["00.png"][0] == "animal"
    assert json.loads((run / "transfer.json").read_text()) == results["classes"]

    pictures = [my_pictures / "animal", my_pictures / "vehicle"]
    use = [*pictures, "--model", run / "transfer.keras", "--outputs", tmp_path / "use"]
    classify = load_script("cnn/classify.py")
    network, _, _ = classify.load_network(str(run / "transfer.keras"))
    pixels = np.random.default_rng(1).integers(0, 256, (1, 96, 96, 3)).astype("float32")
    probabilities, maps = classify.with_maps(network).predict_on_batch(pixels)
    np.testing.assert_allclose(probabilities, network.predict_on_batch(pixels), atol=1e-5)
    assert maps.shape == (1, 3, 3, 2)
    named = classify.main([*map(str, use)])["photos"]
    assert dict(named["00.png"])["animal"] == pytest.approx(results["photos"]["00.png"][1])
    assert len(named) == 22  # though files of the two folders have the same names
    assert {kind for two in named.values() for kind, _ in two} == {"animal", "vehicle"}


def test_freezing_and_thawing_leave_normalization_and_early_blocks_alone(load_script):
    """The head alone learns; then the last blocks, too. Batch normalization keeps its averages."""
    script = load_script("cnn/transfer.py")
    network, base = script.build(32, 2)
    x = np.random.default_rng(1).uniform(0, 255, (8, 32, 32, 3))
    before = network.get_weights()

    def learning():
        network(x, training=True)  # which is when averages would change
        for old, new in zip(before, network.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
        return {weight.path.split("/")[-2] for weight in network.trainable_weights}

    assert learning() == {"head"}
    script.thaw(base)
    learned = learning()
    assert {"head", "head_conv", "block_15_project", "block_12_expand"} <= learned
    assert not any(name.endswith("norm") for name in learned)
    assert not learned & {"block_11_project", "block_0_depthwise", "stem_conv"}


def test_fine_tuning_on_kept_features_does_the_same(load_script):
    script = load_script("cnn/studies/cached.py")
    network = load_script("cnn/efficientnet_lite.py").build_network(64)
    whole, head, last_blocks = script.replace_head(network, 2)
    maps = np.random.default_rng(1).normal(size=(8, *last_blocks.input_shape[1:]))
    assert head.layers[-1] is whole.layers[-1] is last_blocks.layers[-1]
    before = {layer.name: layer.get_weights() for layer in whole.layers}
    script.fine_tune(last_blocks, maps, np.arange(8) % 2, 1, 0.01)
    changed = {
        layer.name
        for layer in whole.layers
        for old, new in zip(before[layer.name], layer.get_weights(), strict=True)
        if not np.array_equal(old, new)
    }
    assert {"classifier", "head_conv", "block_15_project", "block_12_expand"} <= changed
    assert not any(name.endswith("norm") for name in changed)
    assert not changed & {"block_11_project", "block_0_depthwise", "stem_conv"}


def write_images(folder, names):
    """Make a folder with small images of these names in it; None: no folder."""
    for name in names or []:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path)
    if names == []:
        folder.mkdir()


@pytest.mark.parametrize(
    ("script", "content", "line"),
    [
        ("transfer", None, "there is no folder"),
        ("transfer", [], "there is no folder .* with images in it"),
        ("transfer", ["a/1.png"], "data.a should have two images or more"),
        ("transfer", ["training/a/1.png", "validation/1.png"], "data: No .*images"),
        ("transfer", [f"a/{i}.png" for i in range(5)], "images of at least two classes"),
        (
            "transfer",
            ["digits/0/1.png", "digits/1/1.png", "flat/a/1.png", "flat/b/1.png"],
            "folders of folders in it: 0, 1 in digits.* --data .*digits",
        ),
        ("transfer", ["training/a/1.png", "training/b/1.png", "validation/a/1.png"], "in both"),
        ("studies/cross_validation", None, "there is no folder"),
        ("studies/cross_validation", ["1.png"], "there are no images in subfolders"),
        ("studies/cross_validation", ["a/1.png", "a/2.png"], "at least two subfolders"),
        ("studies/cross_validation", ["a/1.png", "a/2.png", "b/1.png"], "with two images in each"),
        (
            "studies/cross_validation",
            ["a/1.png", "a/2.png", "b/cup/1.png", "b/cup/2.png"],
            "within it count as one",
        ),
    ],
)
def test_a_folder_that_teaches_nothing_ends_with_a_line(
    load_script, tmp_path, monkeypatch, script, content, line
):
    folder = tmp_path / "data"
    write_images(folder, content)
    monkeypatch.setattr(sys, "argv", [f"cnn/{script}.py"])
    options = ["--data", folder, "--size", 32, "--outputs", tmp_path / "run"]
    said = failure(load_script(f"cnn/{script}.py").main, [*map(str, options)])
    assert re.search(rf"^\w+.py: .*{line}", said)


def test_hidden_files_and_folders_are_left_out(load_script, tmp_path):
    """Such as the copies of images that a notebook keeps in .ipynb_checkpoints."""
    find_files = load_script("cnn/photographs.py").find_files
    names = ["a/1.png", "b.c/2.png", "a/.3.png", ".kept/a/4.png", "a/.ipynb_checkpoints/1.png"]
    write_images(tmp_path / ".mine", names)
    found = find_files(tmp_path / ".mine")
    assert [path.relative_to(tmp_path / ".mine").as_posix() for path in found] == names[:2]


def test_a_fifth_of_each_class_is_held_out(load_script, tmp_path):
    script, folder = load_script("cnn/transfer.py"), tmp_path / "data"
    names = [f"{kind}/{i}.png" for kind, n in (("a", 20), ("b/c", 10), ("d", 2)) for i in range(n)]
    write_images(folder, [*names, "a/.hidden.png", "beside.png"])
    parts = script.divide(folder, tmp_path / "parts", seed=1)
    found = {path.relative_to(parts).as_posix() for path in parts.rglob("*.png")}
    held_out = [name for name in found if name.startswith("validation/")]
    assert [sum(f"/{kind}/" in name for name in held_out) for kind in ("a", "b", "d")] == [4, 2, 1]
    assert sorted(name.partition("/")[2] for name in found) == sorted(names)
    other = script.divide(folder, tmp_path / "other", seed=2)
    assert {path.relative_to(other).as_posix() for path in other.rglob("*.png")} != found


def test_a_share_has_an_interval_where_all_are_right(load_script):
    statistics = load_script("utils/statistics.py")
    scores = statistics.share_right(6, 6)
    assert scores["low"] == pytest.approx(0.025 ** (1 / 6)) and scores["high"] == 1
    said = statistics.describe_share(scores)
    assert said == "6 of 6 right: 100.0% (95 % interval 54.1% to 100.0%)"
    twenty = statistics.share_right(20, 20)
    assert twenty["low"] == pytest.approx(5 / 6, abs=0.005)


def test_the_text_shows_the_intervals_of_the_results(load_script):
    statistics = load_script("utils/statistics.py")
    text = (ROOT / "cnn" / "README.md").read_text(encoding="utf-8")
    results = load_results("cnn_transfer")
    for name in ("head", "fine_tuned"):
        right = round(results[name]["accuracy"] * results["held_out"])
        scores = statistics.share_right(right, results["held_out"])
        assert f"of those held out {statistics.describe_share(scores)}" in text
    for photo, (name, share) in results["photos"].items():
        assert f"{photo}: {name} ({share:.0%})" in text


def test_a_broken_file_is_named_before_the_training(load_script, my_pictures, tmp_path):
    script = load_script("cnn/transfer.py")
    options = ["--data", str(my_pictures), "--outputs", str(tmp_path / "run")]
    with pytest.raises(SystemExit, match=r"broken.jpg cannot be read \(.+\)\. Take it out"):
        script.main(options)
    (my_pictures / "animal" / "broken.jpg").unlink()
    with pytest.raises(SystemExit, match=r"missing\.jpg is left out: No such file"):
        script.main([*options, "--photos", "missing.jpg"])


def test_near_twins_are_held_out_together(load_script, tmp_path):
    """Emoji by what they show, photographs by the folder within their class."""
    pictures = load_script("cnn/photographs.py")
    groups = dict(zip(*(pictures.load_emoji()[i] for i in (1, 4)), strict=True))
    assert groups["red apple"] == groups["green apple"] != groups["lemon"]
    assert groups["mouse face"] == groups["mouse"] and groups["taxi"] == groups["oncoming taxi"]
    files = list(pictures.unpack_emoji(tmp_path / "emoji", parts=True).rglob("*.png"))
    sides = {"training": set(), "validation": set()}
    for path in files:
        sides[path.parts[-3]].add(groups[path.stem])
    assert len(files) == 409 and not sides["training"] & sides["validation"]
    assert len(list((tmp_path / "emoji" / "validation").rglob("*.png"))) == pytest.approx(82, abs=3)

    cached = load_script("cnn/studies/cached.py")
    write_images(tmp_path, ["a/1.png", "a/cup/1.png", "a/cup/2.png", "b/cup/1.png"])
    shutil.rmtree(tmp_path / "emoji")
    found = cached.load_folder(tmp_path)
    assert found.groups == ["a/1.png", "a/cup", "a/cup", "b/cup"]
    assert cached.keep(found, [0, 3]).groups == ["a/1.png", "b/cup"]


def test_fine_tuning_takes_small_steps_and_leaves_normalization_alone(load_script, monkeypatch):
    cached, calls = load_script("cnn/studies/cached.py"), []
    monkeypatch.setattr(cached, "train", lambda *args: calls.append(args))
    layers = [keras.Input((2,)), keras.layers.Dense(3), keras.layers.BatchNormalization()]
    blocks = keras.Sequential(layers)
    blocks.trainable = False
    cached.fine_tune(blocks, "maps", "labels", 4, learning_rate=0.5)
    assert calls == [(blocks, "maps", "labels", 4, 0.05)]
    assert [layer.trainable for layer in blocks.layers] == [True, False]


def test_each_part_is_predicted_by_a_network_that_does_not_know_it(load_script, monkeypatch):
    """Groups stay together, and each fold starts from the same weights, not from the last ones."""
    cached = load_script("cnn/studies/cached.py")
    asked, learned, starts = [], [], []

    def train(model, x, *rest):
        learned.append(set(x[:, 0]))
        starts.append(model.get_weights()[0])
        model.set_weights([weights + 1 for weights in model.get_weights()])

    monkeypatch.setattr(cached, "train", train)
    monkeypatch.setattr(cached, "predict", lambda model, x: asked.append(set(x[:, 0])) or 0)
    group = np.repeat(np.arange(10.0), 3)
    model = keras.Sequential([keras.Input((1,)), layers.Dense(2)])
    settings = SimpleNamespace(seed=1, epochs=1, learning_rate=1, fine_tune=0)
    labels = (group % 2).astype(int)
    cached.cross_validate([model] * 3, [group[:, None]], labels, group, settings)
    assert len(asked) == 5 and all(not a & b for a, b in zip(asked, learned, strict=True))
    for weights in starts:
        np.testing.assert_array_equal(weights, starts[0])


@pytest.mark.slow
def test_a_folder_is_cross_validated(load_script, my_pictures, tmp_path, monkeypatch, capsys):
    options = ["--data", my_pictures, "--size", 96, "--epochs", 20, "--fine-tune", 1]
    options += ["--outputs", tmp_path / "run"]
    script = load_script("cnn/studies/cross_validation.py")
    monkeypatch.setattr(sys.modules["cnn.studies.cached"], "FOLDS", 3)  # each one compiles anew
    results = script.main([*map(str, options)])
    assert (tmp_path / "run" / "cross_validation.png").stat().st_size > 10_000
    said = capsys.readouterr()
    assert "22 images: 12 animal, 10 vehicle" in said.out
    assert said.err.count("is left out") == 1 and "broken.jpg" in said.err
    assert np.sum(results["confusion_matrix"]) == 22
    assert results["head"]["accuracy"] > 0.7 > results["majority"] and "fine_tuned" in results


@pytest.mark.slow
def test_near_twins_are_compared_with_equal_seeds(load_script, tmp_path, monkeypatch):
    script = load_script("cnn/studies/near_twins.py")
    monkeypatch.setattr(script, "SIZE", 64)
    results = script.main(["--seeds", "1", "--epochs", "3", "--outputs", str(tmp_path)])
    assert (results["images"], results["twins"], results["groups"]) == (409, 144, 63)
    one = results["all"]
    differences = np.subtract(one["mixed"]["accuracies"], one["grouped"]["accuracies"])
    np.testing.assert_allclose(one["flattered"]["differences"], differences)
    assert min(one["grouped"]["accuracies"]) > 0.3


@pytest.mark.slow
def test_few_pictures_compares_on_concepts_held_out(run_lesson):
    methods = ["logistic regression, pixels", "new head on the pretrained network"]
    options = ["--folds", 1, "--counts", 5, "--methods", *methods]
    script, results = run_lesson("cnn/studies/few_pictures.py", *options, SIZE=32)
    assert set(results) == {"noto", "twemoji"} and set(results["noto"]) == set(methods)
    known, labels = np.arange(30), np.arange(30) % 3
    chosen = script.choose(known, labels, 4, np.random.default_rng(1))
    assert np.bincount(labels[chosen]).tolist() == [4, 4, 4] and len(set(chosen)) == 12


@pytest.mark.slow
def test_fine_tuning_is_compared_with_the_head_alone(load_script, tmp_path, monkeypatch):
    """Each variant starts from the same head, and drops the precautions that its name says."""
    script = load_script("cnn/studies/fine_tuning.py")
    seventh = {artist: script.load_emoji(artist) for artist in script.ARTISTS}
    keep = sys.modules["cnn.studies.cached"].keep
    seventh = {artist: keep(found, range(0, 409, 7)) for artist, found in seventh.items()}
    trainings, starts = [], []

    def train(model, inputs, labels, epochs, rate):  # without any training: it is tested above
        kinds = [layer for layer in model.layers if layer.weights]
        thawed = {
            isinstance(layer, layers.BatchNormalization) for layer in kinds if layer.trainable
        }
        trainings.append((thawed, epochs, rate / script.LEARNING_RATE))
        starts.append(model.get_weights())
        model.set_weights([np.zeros_like(weights) for weights in starts[-1]])

    monkeypatch.setattr(script, "load_emoji", seventh.get)
    monkeypatch.setattr(script, "train", train)
    monkeypatch.setattr(script, "SIZE", 32)
    monkeypatch.setattr(script, "FOLDS", 2)
    options = ["--seeds", "2", "--epochs", "2", "--outputs", str(tmp_path)]
    results = script.main(options)
    assert list(results["noto"]) == list(results["twemoji"]) == ["head only", *script.VARIANTS]
    for found in results.values():  # all-zero networks answer alike
        for variant in script.VARIANTS:
            assert found[variant]["compared"]["differences"] == [0, 0]
            assert found[variant]["accuracies"] == found["head only"]["accuracies"]
    assert len(trainings) == 2 * 2 * 5
    assert trainings[:5] == [
        ({False}, script.EPOCHS, 1),
        ({False}, 2, 0.1),
        ({False, True}, 2, 0.1),
        ({False}, 2, 1),
        ({False, True}, 2, 1),
    ]
    for other in starts[2:5]:
        for first, weights in zip(starts[1], other, strict=True):
            np.testing.assert_array_equal(first, weights)


@pytest.mark.slow
def test_digits_transfer_to_other_digits(run_lesson, few_digits):
    script, results = run_lesson(
        "cnn/studies/digits.py", "--seeds", 1, "--counts", 20, STEPS=20, BASE_IMAGES=1500
    )
    assert set(results["ways"]) == set(script.WAYS)
    assert results["ways"]["fine-tuned"]["20"]["mean"] > 0.5
    y = np.eye(10)[[0, 5, 9, 3, 7]]
    images, labels = script.select(np.arange(5), y, range(5, 10))
    assert images.tolist() == [1, 2, 4] and labels.tolist() == [0, 4, 2]


def test_well_known_networks_are_counted(load_script, tmp_path):
    script = load_script("cnn/sizes.py")
    results = script.main(["--networks", "--outputs", str(tmp_path)])
    # LeNet-5: 5 layers; 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + the dense ones
    work = 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10
    assert results["LeNet-5"]["multiplications"] == work
    assert results["LeNet-5"]["depth"] == 5 and results["LeNet-5"]["parameters"] == 61_706
