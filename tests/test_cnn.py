"""Convolutions by hand, the pretrained network, photographs, transfer learning."""

import csv
import hashlib
import json
import random
import re
import shutil
from types import SimpleNamespace
from unittest.mock import Mock

import keras
import numpy as np
import pytest
from conftest import ROOT, load
from keras import layers
from PIL import Image

from cnn import convolution, make_photographs, photographs, vanishing_gradient
from cnn.depth import build_network, gradient_sizes, load_images
from cnn.studies import cached
from mnist.models import le_net
from utils import statistics
from utils.files import load_results

augment = load("cnn/studies/augment.py")
classify = load("cnn/classify.py")
shifts = load("cnn/shifts.py")
sizes = load("cnn/sizes.py")
transfer = load("cnn/transfer.py")


@pytest.fixture
def my_pictures(tmp_path):
    """Return a folder as a reader may have it: unequal classes, a broken file, a hidden one."""
    emoji, folder = photographs.load_emoji(), tmp_path / "my pictures"
    for name, count in (("animal", 12), ("vehicle", 10)):
        (folder / name).mkdir(parents=True)
        for i in np.flatnonzero(emoji.labels == emoji.classes.index(name))[:count]:
            Image.fromarray(emoji.sources[i]).save(folder / name / f"{i:03}.png")
    (folder / "animal" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more than a beginning")
    (folder / "animal" / ".hidden").write_text("")
    return folder


def test_a_small_convolution_in_numbers():
    image = np.arange(16.0).reshape(4, 4, 1)
    total = convolution.convolve(image, np.ones((3, 3, 1, 1)))
    assert total[..., 0].tolist() == [[45, 54], [81, 90]]
    assert (
        convolution.convolve(image, convolution.EDGES[:, :, None, None])[..., 0].tolist()
        == [[-8] * 2] * 2
    )
    assert convolution.pool(image, 2)[..., 0].tolist() == [[5, 7], [13, 15]]
    assert convolution.pool(image, 2, np.mean)[..., 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_maps_move_with_the_digit_if_the_shift_fits_the_stride():
    images = np.zeros((1, 28, 28), "float32")
    images[0, 10, 10] = 1
    assert shifts.shift(images, -2, 3)[0, 8, 13] == 1 == shifts.shift(images, -2, 3).sum()
    digits = shifts.prepare_mnist((28, 28, 1), 1).x_val[:10, ..., 0]
    first, pooled, second, pooled_again = shifts.measure_equivariance(
        keras.saving.load_model(shifts.TRAINED), digits
    ).values()
    nothing = pytest.approx(0, abs=1e-6)  # the order in which numbers are added may round
    assert first == {"1": nothing, "2": nothing, "4": nothing}
    assert pooled["1"] > 0.1 and pooled["2"] == nothing and second["2"] == nothing
    assert pooled_again["2"] > 0.1 and pooled_again["4"] == nothing


def test_skips_carry_the_gradient_through_thirty_layers():
    images, _, labels, _ = (part[:100] for part in load_images())
    first = {}
    for kind in ("plain", "skips"):
        keras.utils.set_random_seed(1)
        sizes = gradient_sizes(build_network(30, kind), images, labels)
        assert len(sizes) == 30
        first[kind] = sizes[0]
    assert first["skips"] > 1e-4 > 1e4 * first["plain"] > 0


@pytest.mark.slow
def test_the_gradient_vanishes_with_sigmoid_and_default_weights(run_lesson):
    _, results = run_lesson("cnn/vanishing_gradient.py", "--epochs", 4, "--seeds", 1)
    sigmoid, tanh, relu = (results["sizes"][name] for name in ("sigmoid", "tanh", "relu"))
    assert len(sigmoid) == 10 and all(np.diff(sigmoid) > 0)
    assert sigmoid[0] < relu[0] / 1000 and sigmoid[0] < tanh[0] / 1000
    assert results["ratios"]["sigmoid"][0] > 1e4
    assert 0.1 < results["ratios"]["tanh"][0] < 10 and 0.1 < results["ratios"]["relu"][0] < 10
    reached = {name: values[0] for name, values in results["accuracies"].items()}
    assert reached["sigmoid"] < 0.2 and reached["tanh"] > 0.7


def signals(activation, factor, centred, signal):
    """Yield what comes out of each hidden layer of a network with changed initial weights."""
    keras.utils.set_random_seed(1)
    model = vanishing_gradient.build_model(activation, "glorot_uniform")
    vanishing_gradient.mend(model, factor, centred)
    for layer in model.layers[:-1]:
        signal = layer(signal)
        yield keras.ops.convert_to_numpy(signal)


def test_mended_sigmoid_layers_are_tanh_layers():
    """With weights times 4 and centred, each layer is that of a tanh network, shifted to 0.5.

    The first layer gets the same inputs in both networks, so its inputs count from 0.5, too.
    """
    images = vanishing_gradient.load_images()[0][:100]
    tanh = signals("tanh", 1, False, 2 * images - 1)
    for one, sigmoid in zip(tanh, signals("sigmoid", 4, True, images), strict=True):
        np.testing.assert_allclose(2 * sigmoid - 1, one, atol=1e-4)


def test_the_measured_gradient_is_what_a_step_subtracts():
    images, labels = vanishing_gradient.load_images()
    model = vanishing_gradient.build_model("tanh", "glorot_uniform")
    measured = vanishing_gradient.gradient_sizes(model, images, labels)
    before = [layer.get_weights()[0] for layer in model.layers]
    model.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    model.train_on_batch(images, labels)
    after = [layer.get_weights()[0] for layer in model.layers]
    steps = [np.sqrt(np.mean((b - a) ** 2)) for b, a in zip(before, after, strict=True)]
    np.testing.assert_allclose(measured, steps[:-1], rtol=0.02)


@pytest.mark.parametrize("name", ["vanishing_gradient", "vanishing_gradient_mend"])
def test_what_the_text_shows_is_what_is_filed(name):
    readme, filed = (ROOT / "cnn/studies/README.md").read_text(encoding="utf-8"), load_results(name)
    for network, reached in filed["accuracies"].items():
        assert f"\n{network:8}" + "".join(f"{one:11.1%}" for one in reached) + "\n" in readme
        ratios = "".join(f"{ratio:11,.1f}" for ratio in filed["ratios"][network])
        assert f"\n{network:8}{ratios}\n" in readme


@pytest.mark.slow
def test_a_folder_of_ones_own_from_end_to_end(my_pictures, tmp_path, capsys):
    """Trained, thawed, saved, and loaded by classify.py, which draws maps."""
    run = tmp_path / "run"
    options = ["--data", my_pictures, "--size", 96, "--outputs", run]
    options = [*map(str, options), "--epochs", "2", "--fine-epochs", "1"]
    photo = next((my_pictures / "animal").glob("*.png"))
    results = transfer.main([*options, "--photos", str(my_pictures / "animal")])
    said = capsys.readouterr()
    assert "It knows nothing but animal, vehicle, and calls" in said.out
    assert "broken.jpg cannot be read" in said.err
    assert results["classes"] == ["animal", "vehicle"]
    assert results["known"] + results["held_out"] == 22 and len(results["photos"]) == 12
    assert results["fine_tuned"]["accuracy"] > 0.5  # of five that are held out
    assert sum(name == "animal" for name, _ in results["photos"].values()) >= 9  # most were learned
    use = [my_pictures, "--model", run / "transfer.keras", "--outputs", tmp_path / "use"]
    named = classify.main([*map(str, use)])["photos"]
    assert dict(named[photo.name])["animal"] == pytest.approx(results["photos"][photo.name][1])
    assert len(named) == 22 and json.loads((run / "transfer.json").read_text()) == [
        "animal",
        "vehicle",
    ]


def test_maps_say_where_the_score_of_a_class_comes_from():
    lines = [keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()]
    network, pixels = keras.Sequential([*lines, layers.Dense(2)]), np.random.default_rng(1)
    scores, maps = classify.with_maps(network).predict_on_batch(pixels.normal(size=(2, 8, 8, 3)))
    np.testing.assert_allclose(maps.mean(axis=(1, 2)), scores, atol=1e-5)


def test_freezing_and_thawing_leave_normalization_alone():
    """The head alone learns; then everything. Batch normalization keeps its averages."""
    network, base = transfer.build(32, 2)
    x = np.random.default_rng(1).uniform(0, 255, (8, 32, 32, 3))
    before = network.get_weights()

    def learning():
        network(x, training=True)  # which is when averages would change
        for old, new in zip(before, network.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
        return {weight.path.split("/")[-2] for weight in network.trainable_weights}

    assert learning() == {"head"}
    transfer.thaw(base)
    learned = learning()
    assert {"head", "head_conv", "block_15_project", "block_0_depthwise", "stem_conv"} <= learned
    assert not any(name.endswith("norm") for name in learned)


def write_images(folder, names):
    """Make a folder with small images of these names in it, all different; None: no folder."""
    for number, name in enumerate(names or []):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), number).save(path, "PNG")
    if names == []:
        folder.mkdir()


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "there is no folder"),
        (["a/x/1.png", "a/x/2.png", "b/1.png"], "a needs two images or more, of different things"),
        (["training/a/1.png", "validation/1.png"], "of at least two classes"),
        (["train/a/1.png", "sample/1.png"], "train in it, which seem to be parts"),
        (["a/1.png", "a/2.png", "b/1.heic"], "b has files, but no images"),
        (["digits/0/1.png", "digits/1/1.png"], "folders in it: 0, 1 in digits.* --data .*digits"),
        (["training/a/1.png", "training/b/1.png", "validation/a/1.png"], "in both"),
    ],
)
def test_a_folder_that_teaches_nothing_ends_with_a_line(tmp_path, content, line):
    write_images(tmp_path / "data", content)
    options = ["--data", tmp_path / "data", "--size", 32, "--outputs", tmp_path / "run"]
    with pytest.raises(SystemExit, match=line) as stop:
        transfer.main([*map(str, options)])
    assert "\n" not in stop.value.code


def test_a_class_of_which_no_image_can_be_read_is_not_left_out(tmp_path, capsys):
    """Nor are the folders that other tools call train and val taken for classes."""
    folder = tmp_path / "data"
    write_images(folder, ["train/a/1.png", "train/b/1.png", "val/a/2.png", "test/b/1.png"])
    known, held_out = transfer.load_parts(folder, seed=1)
    assert (known.names, held_out.names) == (["a/1.png", "b/1.png"], ["a/2.png"])
    assert "left out: the folders test" in capsys.readouterr().err
    (folder / "train/b/1.png").write_bytes(b"no image")
    with pytest.raises(SystemExit, match="no image of b can be read"):
        transfer.read(known, 8)


def test_the_fewer_images_a_class_has_the_more_each_counts(my_pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(keras.Model, "fit", fit := Mock(side_effect=InterruptedError))
    small = keras.Sequential([keras.Input((32, 32, 3)), layers.Flatten(), layers.Dense(2)])
    monkeypatch.setattr(transfer, "build", lambda size, classes: (small, None))
    with pytest.raises(InterruptedError):
        options = ["--data", my_pictures, "--size", 32, "--outputs", tmp_path / "run"]
        transfer.main([*map(str, options)])
    counts, weights = np.bincount(fit.call_args.args[1]), fit.call_args.kwargs["class_weight"]
    assert counts[0] > counts[1] and weights[0] * counts[0] == weights[1] * counts[1]


def test_a_fifth_of_each_class_is_held_out_and_groups_stay_whole(tmp_path, capsys):
    folder = tmp_path / "data"
    names = [f"{kind}/{i}.png" for kind, n in (("a", 20), ("b", 10), ("d", 2)) for i in range(n)]
    names += [f"c/{thing}/{i}.png" for thing in range(5) for i in range(3)]
    write_images(folder, [*names, "a/.hidden.png", "beside.png"])
    known, held_out = transfer.load_parts(folder, seed=1)
    assert np.bincount(held_out.labels).tolist() == [4, 2, 3, 1]
    assert sorted(known.names + held_out.names) == sorted(names)
    assert "left out: 1 images beside the subfolders" in capsys.readouterr().err
    assert not set(known.groups) & set(held_out.groups)
    assert transfer.load_parts(folder, seed=2)[1].names != held_out.names


def test_one_that_is_in_several_classes_is_on_one_side(tmp_path):
    """Nobody is in all three classes; or some of many are in both of two."""
    ill = [
        f"{kind}/p{i % 18}/{i}.png" for k, kind in enumerate("abc") for i in range(6 * k, 6 * k + 9)
    ]
    two = [f"{kind}/p{i}/1.png" for kind, n in (("a", range(9)), ("b", range(6, 15))) for i in n]
    for number, names in enumerate((ill, two)):
        write_images(tmp_path / str(number), names)
        for seed in range(4):
            parts = transfer.load_parts(tmp_path / str(number), seed)
            known, held_out = ({name.split("/")[1] for name in part.names} for part in parts)
            assert known and held_out and not known & held_out


def test_copies_are_on_one_side(tmp_path, capsys):
    """Those of a download beside it and in another class, with what shares a folder with them."""
    folder = tmp_path / "data"
    write_images(folder, [f"{kind}/{i}.png" for kind in "ab" for i in range(9)] + ["a/red/1.png"])
    copies = {"a/1.png": "a/1 (1).png", "a/2.png": "b/2 (1).png", "a/3.png": "a/red/3.png"}
    for path, copy in copies.items():
        shutil.copy(folder / path, folder / copy)
    for seed in range(9):
        known, held_out = (set(part.names) for part in transfer.load_parts(folder, seed))
        for together in [*copies.items(), ("a/3.png", "a/red/1.png")]:
            assert held_out.isdisjoint(together) or known.isdisjoint(together), (seed, together)
    assert "3 images are copies of others, and stay with them" in capsys.readouterr().err


def test_images_are_read_as_a_reader_sees_them(tmp_path, capsys):
    """Turned as the camera was held, on white, from files of many kinds; the rest is counted."""
    for kind in ("a", "b"):
        (tmp_path / kind).mkdir()
    image = Image.new("RGB", (60, 40))
    image.paste((200, 0, 0), (0, 0, 60, 10))  # its upper edge is red
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held so that this edge is the right one
    for ending in ("jpg", "webp", "tif"):
        image.save(tmp_path / "a" / f"turned.{ending}", exif=turned)
    Image.new("RGBA", (40, 40)).save(tmp_path / "b" / "clear.png")
    for name in ("1.HEIC", "2.heic", "notes.txt"):
        (tmp_path / "b" / name).write_bytes(b"x")
    pictures = photographs.load_folder(tmp_path)
    assert "left out: 2 x .heic, 1 x .txt; save images as JPEG" in capsys.readouterr().err
    kept, (*squares, clear) = photographs.read_pictures(pictures.sources, 40)
    assert len(kept) == 4 and clear.min() == 255
    for square in squares:
        np.testing.assert_allclose(square[20, [2, 20, 38], 0], [0, 0, 200], atol=12)


@pytest.mark.parametrize(
    ("kind", "values", "seen"),
    [
        ("uint16", [0, 257, 65_535], [0, 1, 255]),
        ("int32", [-9, 65_536, 131_072], [0, 127, 255]),
        ("float32", [np.nan, 0.5, 1], [0, 127, 255]),
    ],
)
def test_grey_of_more_than_eight_bits_is_scaled(kind, values, seen, tmp_path):
    Image.fromarray(np.tile(np.array(values, kind)[:, None], (1, 3))).save(tmp_path / "a.tif")
    assert photographs.read_picture(tmp_path / "a.tif", 3)[:, 1, 0].tolist() == seen


def test_the_text_shows_the_intervals_of_the_results():
    text = (ROOT / "cnn" / "README.md").read_text(encoding="utf-8")
    results = load_results("cnn_transfer")
    for name in ("head", "fine_tuned"):
        right = round(results[name]["accuracy"] * results["held_out"])
        scores = statistics.share_right(right, results["held_out"])
        assert f"of those held out {statistics.describe_share(scores)}" in text
    for photo, (name, share) in results["photos"].items():
        assert f"{photo}: {name} ({share:.0%})" in text


def test_near_twins_are_held_out_together(tmp_path):
    """Emoji by what they show, photographs by the folder within their class."""
    pictures = photographs.load_emoji()
    groups = dict(zip(pictures.names, pictures.groups, strict=True))
    assert groups["red apple"] == groups["green apple"] != groups["lemon"]
    assert groups["mouse face"] == groups["mouse"] and groups["taxi"] == groups["oncoming taxi"]
    write_images(
        tmp_path / "my", ["a/1.png", "a/cup/1.png", "a/cup/new/2.png", "b/cup/1.png", "a/.2.png"]
    )
    found = photographs.load_folder(tmp_path / "my")
    assert found.groups == ["a/1.png", "a/cup", "a/cup", "a/cup"]
    assert photographs.keep(found, [0, 3]).groups == ["a/1.png", "a/cup"]


def test_each_file_of_data_is_the_one_whose_source_is_named():
    table = (photographs.DATA / "SOURCES.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(.+?)/?` \|.*\| `(\w{12})` \|$", table, re.MULTILINE)
    for name, begins in named:
        path = photographs.DATA / name
        files = sorted(path.rglob("*.jpg")) if path.is_dir() else [path]
        found = hashlib.sha256(b"".join(one.read_bytes() for one in files)).hexdigest()
        assert found.startswith(begins), name


def test_photographs_of_one_thing_are_held_out_together():
    """They are those that the table names, and each thing is on one side of the split."""
    folder = photographs.DATA / "photographs"
    pictures = photographs.load_folder(folder)
    rows = csv.DictReader(make_photographs.TABLE.read_text(encoding="utf-8").splitlines())
    assert sorted(pictures.names) == [row["file"] for row in rows]
    groups = dict(zip(pictures.names, pictures.groups, strict=True))
    assert groups["mammals/bear/bear.jpg"] == groups["mammals/bear/european_bear.jpg"]
    assert len(set(pictures.groups)) == 195
    known, held_out = transfer.load_parts(folder, seed=1)
    assert len(known.classes) == len(held_out.classes) == 7
    assert not set(known.groups) & set(held_out.groups)


def test_each_part_is_predicted_by_a_network_that_does_not_know_it(monkeypatch):
    """Groups stay together, and each fold starts from the same weights, not from the last ones."""
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


SLICES = [
    (load("cnn/depth.py"), "--depth 4 --seeds 1 --kinds plain both", {"RATES": [0.01]},
     lambda found: found["kinds"]["both"]["training"][0] > 0.9),
    (shifts, "--epochs 1 --train-samples 1500", {"SHIFTS": [0, 4]},
     lambda found: found["accuracies"]["conv_net"]["4"] < found["accuracies"]["conv_net"]["0"] / 2),
    (load("cnn/studies/near_twins.py"), "--seeds 1 --epochs 3", {"SIZE": 64},
     lambda found: min(found["all"]["grouped"]["accuracies"]) > 0.3),
    (load("cnn/studies/own_pictures.py"), "--draws 1 --ways nearest probe", {},
     lambda found: found["60"]["probe"]["mean"] > 0.7),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("script", "options", "constants", "holds"), SLICES)
def test_a_slice_of_each_study_shows_it(
    script, options, constants, holds, few_digits, monkeypatch, tmp_path
):
    for name, value in constants.items():
        monkeypatch.setattr(script, name, value)
    assert holds(script.main([*options.split(), "--outputs", str(tmp_path)]))


@pytest.mark.parametrize("way", [way for way in augment.WAYS if way not in ("probe", "none")])
def test_labels_are_mixed_as_the_pictures_are(way):
    """Of pictures in one colour, MixUp makes one colour, CutMix a box; the labels say how much."""
    keras.utils.set_random_seed(1)
    colours, labels = np.array([0, 60, 120, 240], "float32"), np.eye(4, dtype="float32")
    images = np.ones((4, 40, 40, 3), "float32") * colours[:, None, None, None]
    changing = augment.make_layers(way, 0.9, 0.3)  # so strong that it is seen
    changed, shares = map(np.asarray, augment.change(changing, images, labels))
    assert changed.shape == images.shape and changed.dtype == images.dtype
    if way not in ("MixUp", "CutMix"):
        np.testing.assert_array_equal(shares, labels)
        return
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    assert 0.3 < shares.max(axis=1).min() < 0.95
    rounding = 0.1 if way == "MixUp" else 240 * 2 / 40  # a box begins and ends within a pixel
    np.testing.assert_allclose(changed.mean(axis=(1, 2, 3)), shares @ colours, atol=rounding)
    colours_seen = [len(np.unique(image.round(2))) for image in changed]
    assert max(colours_seen) == (1 if way == "MixUp" else 2)


def test_augmix_draws_anew_for_each_batch(monkeypatch):
    draws, choice = [], random.choice
    monkeypatch.setattr(random, "choice", lambda some: draws.append(1) or choice(some))
    for _ in range(2):  # in a graph, the first draw would do for all
        augment.change([layers.AugMix()], np.zeros((1, 8, 8, 3), "float32"), np.eye(1))
    assert len(draws) == 2 * 9


def test_the_layers_do_what_the_text_warns_of():
    by_default, weak = layers.RandAugment(), layers.RandAugment(factor=0.2)
    assert weak.random_posterization.factor == (1, 1)
    assert by_default.random_posterization.factor == (1, 4)
    assert by_default.random_rotation.factor == (0, 0.5)
    drawn = by_default.get_random_transformation(np.zeros((4, 8, 8, 3), "float32"))
    assert drawn["layer_idxes"].shape == (2,)  # for all four pictures


def test_being_less_sure_costs_nothing_in_the_search():
    rng = np.random.default_rng(1)
    labels, likely = rng.integers(3, size=50), rng.dirichlet(np.ones(3), size=50)
    half = likely**0.5 / (likely**0.5).sum(axis=1, keepdims=True)
    losses = [augment.settled_loss(labels, one) for one in (likely, half)]
    assert losses[0] == pytest.approx(losses[1], abs=0.02)
    assert augment.settled_loss(likely.argmax(axis=1), likely) < losses[0]


def test_what_is_in_a_network_is_counted():
    network = le_net()
    work = 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10
    assert sizes.multiplications(network) == work and sizes.depth(network) == 5
    x = keras.Input((4,))
    ways = [layers.Dense(4)(layers.Dense(4)(x)), layers.Dense(4)(x), x]
    network = keras.Model(x, layers.Dense(2)(layers.Add()(ways)))
    assert sizes.depth(network) == 3  # on the longest way
