"""A label for every pixel: scenes, U-Net, two ways without, digits found, own masks."""

import json
import sys
from contextlib import contextmanager

import keras
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage


@pytest.fixture
def of(load_script):
    """Return a function that gives a module of the folder by its name."""
    return lambda name: load_script(f"cnn/segmentation/{name}.py")


@contextmanager
def one_line(script, line):
    """Expect the program to end with one line that says this."""
    with pytest.raises(SystemExit, match=rf"^{script}\.py: .*{line}") as end:
        yield
    assert "\n" not in str(end.value)


def test_a_scene_is_labelled_by_what_is_on_top(of):
    scenes = of("scenes")
    made = scenes.make_scenes("validation", 30, 1)
    assert made.images.shape == (30, 64, 64, 1) and made.images.dtype == "float32"
    assert set(np.unique(made.labels)) == set(range(11))
    np.testing.assert_array_equal(made.labels > 0, made.owners > 0)
    for labels, owners in zip(made.labels, made.owners, strict=True):
        for owner in np.unique(owners[owners > 0]):
            assert len(np.unique(labels[owners == owner])) == 1
    assert 0.04 < (made.labels > 0).mean() < 0.1
    assert {owners.max() for owners in made.owners} == {1, 2, 3, 4, 5}
    # The first scenes are the same, however many follow; another part has other digits.
    np.testing.assert_array_equal(scenes.make_scenes("validation", 3, 1).images, made.images[:3])
    assert (scenes.make_scenes("train", 3, 1).labels != made.labels[:3]).any()


def test_digits_cross_but_do_not_hide_each_other(of, monkeypatch):
    scenes = of("scenes")
    random = np.random.default_rng(1)
    for apart in (scenes.APART, 20):  # with 20, four digits may leave no place for the fifth
        monkeypatch.setattr(scenes, "APART", apart)
        for _ in range(50):
            places = np.array(scenes.choose_places(5, random))
            distances = np.hypot(*(places[:, None] - places).transpose(2, 0, 1))
            assert (distances + 99 * np.eye(5)).min() >= apart
    monkeypatch.setattr(scenes, "APART", 40)
    with pytest.raises(SystemExit, match="no room for 5 digits"):
        scenes.choose_places(5, random)
    canvas, ink = np.full((28, 28), 0.2), np.zeros((28, 28), "uint8")
    ink[5, 5], ink[6, 6] = 255, 51
    covered = scenes.paint(canvas, ink, (0, 0), random)
    assert covered.sum() == 1 and 0.5 <= canvas[5, 5] <= 1
    assert canvas[6, 6] == pytest.approx(0.2 + 0.2 * (canvas[5, 5] - 0.2)) and canvas[0, 0] == 0.2


def test_iou_is_that_of_keras_and_of_a_hand(of):
    measures = of("measures")
    truth, guess = np.array([0, 0, 1, 1, 1, 2]), np.array([0, 1, 1, 1, 2, 2])
    shares = measures.iou(measures.confusion(truth, guess, 4))
    np.testing.assert_array_equal(shares, [1 / 2, 2 / 4, 1 / 2, np.nan])
    random = np.random.default_rng(1)
    truth, guess = random.integers(0, 5, (2, 3, 8, 8))
    of_keras = keras.metrics.MeanIoU(5)
    of_keras.update_state(truth, guess)
    shares = measures.iou(measures.confusion(truth, guess, 5))
    assert np.mean(shares) == pytest.approx(float(of_keras.result()))
    assert measures.mean_iou(measures.confusion(truth, guess, 5)) == pytest.approx(
        shares[1:].mean()
    )


def test_average_precision_by_hand(of):
    measures = of("measures")

    def box(scene, score, left=0, label=1, width=4):
        return measures.Box(scene, label, score, 0, left, 4, left + width)

    truth = [box(0, 1), box(1, 1), box(2, 1)]
    # Right, wrong place, right, once more what was found before: precision 1, 1/2, 2/3, 2/4.
    found = [box(0, 0.9), box(1, 0.8, left=2), box(2, 0.7, left=1), box(2, 0.6)]
    assert measures.match(found, truth) == [0, None, 2, None]
    assert measures.average_precision(found, truth) == pytest.approx((1 + 2 / 3) / 3)
    assert measures.average_precision([], truth) == 0
    assert measures.average_precision(truth, truth) == 1
    other = [*truth, box(0, 1, label=2)]
    assert measures.average_precision(truth, other) == 0.5
    assert box(0, 1).iou(box(0, 1, left=2)) == pytest.approx(1 / 3)
    assert measures.overlaps([box(0, 1), box(0, 1, left=3, label=2), box(1, 1)]) == [
        (1 / 4, False), (1 / 4, False), (0, False),
    ]  # fmt: skip
    reasons = [[box(0, 1, width=12)], [box(0, 1, label=2)], [box(0, 1, width=1)], []]
    named = ["run together", "misread", "cut", "none of these"]
    assert [measures.why_missed(box(0, 1), boxes) for boxes in reasons] == named


def test_pieces_are_joined_over_a_gap_and_small_ones_left_out(of):
    measures = of("measures")
    labels = np.zeros((1, 12, 12), int)
    labels[0, 1:4, 2] = labels[0, 6:9, 2] = 3  # a stroke that another one has cut
    labels[0, 1:4, 9] = 4
    labels[0, 11, 11] = 5
    maps = np.eye(11)[labels]
    boxes = measures.find_boxes(maps, least=2, bridge=1)
    assert [(box.label, box.top, box.bottom) for box in boxes] == [(3, 1, 9), (4, 1, 4)]
    assert len(measures.find_boxes(maps, least=2, bridge=0)) == 3
    assert len(measures.find_boxes(maps, least=1, bridge=0)) == 4


def test_a_slid_classifier_says_what_it_says_window_by_window(of):
    """At every pixel, those at the border included."""
    baselines = of("baselines")
    keras.utils.set_random_seed(1)
    classifier = baselines.build_classifier()
    images = np.random.default_rng(1).normal(size=(2, 20, 20, 1)).astype("float32")
    slid = baselines.label_by_sliding(classifier, images)
    padded = np.pad(images, ((0, 0), (14, 13), (14, 13), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded[..., 0], (28, 28), (1, 2))
    by_window = classifier.predict(windows.reshape(-1, 28, 28, 1), verbose=0)
    np.testing.assert_allclose(slid, by_window.reshape(slid.shape), atol=1e-5)
    assert slid.std() > 0.001


def test_windows_show_what_their_label_says(of):
    scenes, baselines = of("scenes"), of("baselines")
    made = scenes.make_scenes("train", 5, 1)
    x, y, weights = baselines.cut_windows(made, 400, seed=1)
    assert (y > 0).sum() == 200 and weights.mean() == pytest.approx(1)
    share = (made.labels > 0).mean()
    assert weights[y > 0].sum() / weights.sum() == pytest.approx(share)
    # The middle of a window is the pixel that has the label.
    made = made._replace(images=made.labels[..., None].astype("float32"))
    x, y, _ = baselines.cut_windows(made, 400, seed=1)
    np.testing.assert_array_equal(x[:, 14, 14, 0], y)


def test_pieces_of_ink_get_the_digit_that_they_look_like(of):
    scenes, baselines = of("scenes"), of("baselines")
    known = scenes.make_scenes("train", 60, 1)
    fitted = baselines.fit_pieces(known)
    alone = scenes.make_scenes("validation", 60, 1, most=1)
    guess = baselines.label_pieces(fitted, alone.images)
    np.testing.assert_allclose(guess.sum(axis=-1), 1, rtol=1e-5)
    ink = alone.labels > 0
    assert (guess.argmax(axis=-1) == alone.labels)[ink].mean() > 0.5
    ring = np.zeros((20, 20), bool)
    ring[2:9, 3:8] = True
    middle = ndimage.center_of_mass(baselines.centre(ring))
    assert middle == pytest.approx((14, 14), abs=0.5)


def test_skip_connections_reach_the_pixels_and_cost_no_weights(of):
    """Without them, nothing of the way down but its lowest level changes what comes out."""
    u_net = of("u_net")
    weights = []
    for skips in (True, False):
        keras.utils.set_random_seed(1)
        network = u_net.build_u_net(skips)
        weights.append(network.get_weights())
        poolings = [layer for layer in network.layers if "pooling" in layer.name]
        # All that the lowest level sees is constant: does anything of the scene come through?
        bottom = keras.layers.Input(poolings[-1].output.shape[1:])
        rest = keras.Model([network.input, poolings[-1].output], network.output)
        assert bottom.shape[1:3] == (8, 8)
        scenes = np.random.default_rng(1).normal(size=(2, 64, 64, 1)).astype("float32")
        maps = rest([scenes, np.zeros((2, 8, 8, poolings[-1].output.shape[-1]), "float32")])
        first, second = keras.ops.convert_to_numpy(maps)
        assert np.allclose(first, second, atol=1e-6) != skips
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_u_net_finds_the_ink_of_its_scene_and_not_of_another(of, load_script, monkeypatch):
    """In scenes of two digits at most. Which digit it is comes after many more steps."""
    scenes, segment = of("scenes"), load_script("cnn/segmentation/segment.py")
    monkeypatch.setattr(segment, "BATCH_SIZE", 8)
    keras.utils.set_random_seed(1)
    network = of("u_net").build_u_net()
    segment.train(network, scenes.make_scenes("train", 240, 1, most=2), 5)
    held_out = scenes.make_scenes("validation", 60, 2, most=2)
    guess = network.predict(held_out.images, 30, verbose=0)
    others = held_out._replace(labels=np.roll(held_out.labels, 1, axis=0))
    right, wrong = (segment.judge(scenes, guess)["ink"] for scenes in (held_out, others))
    assert right > 0.1 > 2 * wrong  # whoever marks the usual places reaches 0.04


@pytest.mark.slow
def test_segment_and_find_from_end_to_end(load_script, tmp_path, monkeypatch):
    run = tmp_path / "run"
    options = ["--scenes", "40", "--epochs", "1", "--windows", "200", "--outputs", str(run)]
    segment = load_script("cnn/segmentation/segment.py")
    monkeypatch.setattr(segment, "HELD_OUT", 20)
    results = segment.main(options)
    assert set(results["validation"]) == {
        "U-Net", "classifier, slid", "ink, nearest mean", "always nothing",
    }  # fmt: skip
    nothing = results["validation"]["always nothing"]
    assert nothing["accuracy"] > 0.85 and nothing["mean_iou"] == 0 and "test" not in results
    assert results["validation"]["ink, nearest mean"]["mean_iou"] > 0.1
    assert (run / "segment.png").stat().st_size > 10_000

    find = load_script("cnn/segmentation/find.py")
    monkeypatch.setattr(find, "CHOOSING", 20)
    out = tmp_path / "found"
    found = find.main([str(run), "--scenes", "20", "--outputs", str(out)])
    true = found["ways"]["true labels"]
    assert true["average_precision"] > 0.7 and true["found_of"]["overlap_0"] > 0.9
    assert sum(true["digits_of"][f"overlap_{i}"] for i in range(4)) == found["digits"]
    assert {path.name for path in out.iterdir()} == {
        "find.png", "find_failures.png", "results.json",
    }  # fmt: skip

    monkeypatch.setattr(sys, "argv", ["find.py"])
    (run / "u_net.keras").write_bytes((run / "classifier.keras").read_bytes())
    with one_line("find", r"u_net.keras makes \(11,\) of \(28, 28, 1\), not \(64, 64, 11\)"):
        find.main([str(run), "--outputs", str(out)])
    with one_line("find", "there is no .*nowhere"):
        find.main(["nowhere", "--outputs", str(out)])


def test_pieces_of_the_true_map_run_together_where_a_digit_meets_its_like(of, load_script):
    """What the text says of maps without a mistake; and how far digits overlap is counted once."""
    scenes, measures = of("scenes"), of("measures")
    find = load_script("cnn/segmentation/find.py")
    made = scenes.make_scenes("validation", 120, 5)
    truth = measures.true_boxes(made)
    found = measures.find_boxes(np.eye(11, dtype="float32")[made.labels], 10, 1)
    judged, scenes_missed = find.judge(found, truth, 120)
    shares, digits = judged["found_of"], judged["digits_of"]
    assert shares["overlap_0"] > 0.9 and shares["other"] > 0.8 and shares["same"] < 0.6
    assert sum(digits[f"overlap_{i}"] for i in range(4)) == len(truth)
    assert digits["same"] + digits["other"] == len(truth) - digits["overlap_0"]
    assert judged["missed"]["run together"] > sum(judged["missed"].values()) / 2
    assert judged["recall"] == pytest.approx(1 - sum(judged["missed"].values()) / len(truth))
    assert 0 < len(scenes_missed) <= sum(judged["missed"].values())
    right = [truth[index] for index in measures.match(found, truth) if index is not None]
    whole = {scene: sum(box.scene == scene for box in truth) for scene in scenes_missed}
    assert all(sum(box.scene == scene for box in right) < count for scene, count in whole.items())


def test_skip_connections_are_compared_in_pairs(load_script, tmp_path, monkeypatch):
    """The two of a pair begin with the same weights; that U-Nets learn is tested above."""
    script, begun = load_script("cnn/segmentation/skips.py"), []
    monkeypatch.setattr(script, "HELD_OUT", 10)
    monkeypatch.setattr(script, "train", lambda network, *_: begun.append(network.get_weights()))
    options = ["--seeds", "2", "--scenes", "1", "--outputs", str(tmp_path)]
    results = script.main(options)
    for one, other in (begun[:2], begun[2:]):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert not np.array_equal(begun[0][0], begun[2][0])
    for measure in script.MEASURES:
        one = results[measure]
        differences = np.subtract(*(one[way]["accuracies"] for way in ("with", "without")))
        np.testing.assert_allclose(one["more"]["differences"], differences)
        assert len(differences) == 2


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array, "uint8")).save(path)


@pytest.fixture
def my_images(tmp_path):
    """Return a folder of ten images, left half dark, right half bright, with masks of 0 and 255."""
    random, folder = np.random.default_rng(1), tmp_path / "my images"
    for i in range(10):
        image, mask = random.integers(0, 60, (40, 50, 3)), np.zeros((40, 50))
        border = random.integers(10, 40)
        image[:, border:] += 150
        mask[:, border:] = 255
        write(folder / "images" / f"{i}.png", image)
        write(folder / "masks" / f"{i}.png", mask)
    return folder


@pytest.mark.slow
def test_own_masks_from_end_to_end(load_script, my_images, tmp_path):
    photo = my_images / "images" / "0.png"
    options = ["--data", my_images, "--size", 32, "--epochs", 20, "--photos", photo]
    options += ["--outputs", tmp_path / "run"]
    results = load_script("cnn/segmentation/own_masks.py").main([*map(str, options)])
    assert (results["known"], results["held_out"]) == (8, 2)
    assert results["U-Net"]["iou"]["255"] > 0.7 < results["boosting on colours"]["mean_iou"]
    assert (tmp_path / "run" / "own_masks.png").stat().st_size > 3_000
    use = [tmp_path / "run" / "own_masks.keras", photo, "--outputs", tmp_path / "use"]
    shares = load_script("cnn/segmentation/label.py").main([*map(str, use)])["photos"]
    assert shares == results["photos"] and sum(shares["1_0.png"].values()) == pytest.approx(1)
    mask = np.asarray(Image.open(tmp_path / "use" / "1_0.png"))
    assert mask.shape == (40, 50) and set(np.unique(mask)) == {0, 255}


def test_only_the_way_up_learns_from_masks(load_script):
    network = load_script("cnn/segmentation/own_masks.py").build(32, 3, pretrained=False)
    assert network.output_shape == (None, 32, 32, 3)
    assert len(network.trainable_weights) > 60
    frozen = load_script("cnn/segmentation/own_masks.py").build(32, 3)
    names = {weight.path.split("/")[0] for weight in frozen.trainable_weights}
    assert not [name for name in names if name.startswith(("block", "stem", "functional"))]


def test_masks_are_read_with_their_classes_and_groups_stay_whole(of, my_images):
    masks = of("masks")
    known, held_out, classes = masks.read_data(my_images, 32, 1)
    assert classes == {0: "0", 255: "255"}
    assert known.images.shape == (8, 32, 32, 3) and held_out.labels.shape == (2, 32, 32)
    assert set(np.unique(known.labels)) == {0, 1}
    (my_images / "classes.txt").write_text("255 bright\x1b[2J\n0 dark side\n")
    assert masks.read_data(my_images, 32, 1)[2] == {0: "dark side", 255: "bright?[2J"}
    pairs = {f"{group}/{i}": None for group in "abcde" for i in range(4)}
    known, held_out = masks.divide(pairs, 1)
    assert len(held_out) == 4 and len({name[0] for name in held_out}) == 1
    assert not set(known) & set(held_out)
    for part in ("training", "validation"):
        for kind in ("images", "masks"):
            (my_images / part / kind).mkdir(parents=True)
            for i in (1, 2, 3):
                old = my_images / kind / f"{i}.png"
                (my_images / part / kind / old.name).write_bytes(old.read_bytes())
    known, held_out, _ = masks.read_data(my_images, 32, 1)
    assert len(known.images) == len(held_out.images) == 3


def spoil(folder, what):
    """Make a folder of images and masks unfit; return what the line should say."""
    image, mask = folder / "images" / "3.png", folder / "masks" / "3.png"
    if what == "size":
        write(mask, np.zeros((50, 40)))
        return r"3\.png has 50 x 40 pixels and its mask 40 x 50\. They do not fit together"
    if what == "value":
        (folder / "classes.txt").write_text("0 dark\n255 bright\n")
        write(mask, np.full((40, 50), 7))
        return r"masks.3\.png has the value 7 in it; known are 0, 255"
    if what == "many values":
        write(mask, np.arange(2000).reshape(40, 50) % 256)
        return "the masks have 256 values"
    if what == "one value":
        for path in (folder / "masks").iterdir():
            write(path, np.zeros((40, 50)))
        return "only the value 0"
    if what == "colours":
        write(mask, np.zeros((40, 50, 3)))
        return r"3\.png has colours \(RGB\)"
    if what == "no mask":
        mask.unlink()
        return r"images.3\.png has no partner 3 in .*masks"
    if what == "no image":
        image.unlink()
        return r"masks.3\.png has no partner 3 in .*images"
    if what == "twice":
        write(image.with_suffix(".bmp"), np.zeros((40, 50, 3)))
        return "two files called 3"
    if what == "broken":
        mask.write_bytes(mask.read_bytes()[:60])
        return r"masks.3\.png cannot be read"
    if what == "classes":
        (folder / "classes.txt").write_text("dark\n")
        return "needs a line such as"
    if what == "two names":
        (folder / "classes.txt").write_text("0 dark\n\n255 bright\n0 night\n")
        return "0 has two names"
    for path in (folder / "images").iterdir():
        path.unlink()
    return "there is no folder .*images with images in it"


@pytest.mark.parametrize(
    "what",
    [
        "size", "value", "many values", "one value", "colours", "no mask", "no image", "twice",
        "broken", "classes", "two names", "empty",
    ],
)  # fmt: skip
def test_masks_that_teach_nothing_end_with_a_line(
    load_script, my_images, tmp_path, monkeypatch, what
):
    monkeypatch.setattr(sys, "argv", ["cnn/segmentation/own_masks.py"])
    options = ["--data", my_images, "--outputs", tmp_path / "run"]
    with one_line("own_masks", spoil(my_images, what)):
        load_script("cnn/segmentation/own_masks.py").main([*map(str, options)])


def test_a_network_of_another_kind_labels_nothing(load_script, tmp_path, monkeypatch):
    label = load_script("cnn/segmentation/label.py")
    monkeypatch.setattr(sys, "argv", ["label.py"])
    path = tmp_path / "x.keras"
    classes = {"0": "a", "255": "b"}
    for inputs, outputs, line in [
        ((8, 8, 1), 2, r"takes \(8, 8, 1\), not square images in colour"),
        ((8, 8, 3), 3, r"makes \(8, 8, 3\), not 2 numbers for each pixel"),
    ]:
        layer = keras.layers.Conv2D(outputs, 1)
        keras.Sequential([keras.Input(inputs), layer]).save(path)
        (tmp_path / "x.json").write_text(json.dumps(classes))
        with one_line("label", line):
            label.load_network(path)


def test_emoji_over_photographs_have_masks_that_fit(of, tmp_path, monkeypatch):
    """Those held out show other things, over other halves of the photographs."""
    examples = of("examples")
    photo = np.zeros((200, 400, 3), "uint8")
    photo[:, 200:] = 200
    write(tmp_path / "photo.jpg", photo)
    monkeypatch.setattr(examples, "PHOTOS", tmp_path)
    folder = examples.unpack_scenes(tmp_path)
    pictures = examples.load_emoji()
    concepts = dict(zip(pictures.names, pictures.groups, strict=True))
    things = [
        {concepts[path.stem] for path in (folder / part / "masks").iterdir()}
        for part in ("training", "validation")
    ]
    assert not things[0] & things[1]
    known, held_out, classes = of("masks").read_data(folder, 32, 1)
    assert len(held_out.images) == pytest.approx(82, abs=3)
    assert known.images[:, 0, 0].max() < 20 < 150 < held_out.images[:, 0, 0].min()
    assert classes[0] == "nothing" and len(classes) == 7
    assert set(np.unique(known.labels)) == set(range(7))
