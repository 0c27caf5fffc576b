"""A label for every pixel: scenes, U-Net, two ways without, digits found, own masks."""

import json
import re
import shutil
from types import SimpleNamespace
from unittest.mock import Mock

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, failure, load
from PIL import Image

from cnn.photographs import load_emoji
from cnn.segmentation import (
    baselines,
    box_files,
    example_masks,
    masks,
    measures,
    segment,
    u_net,
)
from cnn.segmentation.scenes import make_scenes

boxes = load("cnn/segmentation/boxes.py")
find = load("cnn/segmentation/find.py")
label = load("cnn/segmentation/label.py")
own_masks = load("cnn/segmentation/own_masks.py")


def test_a_scene_is_labelled_by_what_is_on_top():
    made = make_scenes("validation", 30, 1)
    assert made.images.shape == (30, 64, 64, 1) and made.images.dtype == "float32"
    assert np.abs(made.images).max() < 2, "black is 0, white is 1, and there is some noise"
    np.testing.assert_array_equal(made.labels > 0, made.owners > 0)
    for labels, owners in zip(made.labels, made.owners, strict=True):
        for owner in np.unique(owners[owners > 0]):
            assert len(np.unique(labels[owners == owner])) == 1
    assert {owners.max() for owners in made.owners} == {1, 2, 3, 4, 5}
    # The first scenes are the same, however many follow; another part has other digits.
    np.testing.assert_array_equal(make_scenes("validation", 3, 1).images, made.images[:3])
    assert (make_scenes("train", 3, 1).labels != made.labels[:3]).any()
    assert (make_scenes("validation", 3, 2).images != made.images[:3]).any()


def test_iou_is_that_of_keras_and_of_a_hand():
    truth, guess = np.array([0, 0, 1, 1, 1, 2]), np.array([0, 1, 1, 1, 2, 2])
    shares = measures.iou(measures.confusion(truth, guess, 4))
    np.testing.assert_array_equal(shares, [1 / 2, 2 / 4, 1 / 2, np.nan])
    truth, guess = np.random.default_rng(1).integers(0, 5, (2, 3, 8, 8))
    of_keras = keras.metrics.MeanIoU(5)
    of_keras.update_state(truth, guess)
    matrix = measures.confusion(truth, guess, 5)
    assert np.mean(measures.iou(matrix)) == pytest.approx(float(of_keras.result()))
    assert measures.mean_iou(matrix) == pytest.approx(measures.iou(matrix)[1:].mean())


def box(scene, score, left=0, label=1, width=4):
    return measures.Box(scene, label, score, 0, left, 4, left + width)


def test_average_precision_by_hand():
    truth = [box(0, 1), box(1, 1), box(2, 1)]
    # Right, wrong place, right, once more what was found before: precision 1, 1/2, 2/3, 2/4.
    found = [box(0, 0.9), box(1, 0.8, left=2), box(2, 0.7, left=1), box(2, 0.6)]
    assert measures.match(found, truth) == [0, None, 2, None]
    assert measures.match([box(0, 1, left=1)], [box(0, 1, left=2), box(0, 1), box(0, 1, 1)]) == [2]
    # The recalls 0 to 0.33 are reached with a precision of 1, those to 0.66 with 2/3, no others.
    assert measures.average_precision(found, truth) == pytest.approx((34 + 33 * 2 / 3) / 101)
    assert measures.average_precision([], truth) == 0
    late = [box(9, 1), box(0, 0.9), box(1, 0.8), box(2, 0.7)]  # precision 0, 1/2, 2/3, 3/4
    assert measures.average_precision(late, truth) == pytest.approx(3 / 4)
    assert measures.average_precision(truth, [*truth, box(0, 1, label=2)]) == 0.5
    assert measures.choose_score(found, truth) == 0.7  # F1 2/4, 2/5, 4/6, 4/7
    assert box(0, 1).iou(box(0, 1, left=2)) == pytest.approx(1 / 3)
    judged = measures.judge_boxes([box(0, 1, left=1)], truth[:1])  # right for an IoU up to 12 / 20
    assert judged == {"ap": 1, "coco": pytest.approx(3 / 10)}


def test_digits_found_and_counted_by_hand():
    """Of two that overlap one is found; beside another one something that is not there."""
    truth = [box(0, 1), box(0, 1, 3, label=2), box(1, 1), box(2, 1), box(2, 1, 2), box(3, 1)]
    found = [box(0, 0.9), box(1, 0.8), box(1, 0.7, 9), box(2, 0.6), box(3, 0.5), box(3, 0.2, 9)]
    judged = find.judge(found, 0.5, truth, 4)
    assert judged["precision"] == 4 / 5 and judged["recall"] == 4 / 6 and judged["counted"] == 1 / 4
    assert judged["counted_of"] == {"1": 1 / 2, "2": 0}
    halves = dict.fromkeys(["overlap_2", "overlap_3", "same", "other"], 1 / 2)
    assert judged["found_of"] == halves | {"overlap_0": 1, "overlap_1": None}


def some_boxes(random, count, scenes=12, scores=True):
    """Return boxes of 4 to 20 pixels in some scenes, of three labels."""
    corners, sides = random.uniform(0, 20, (count, 2)), random.uniform(4, 20, (count, 2))
    drawn = zip(random.integers(scenes, size=count), random.integers(1, 4, count), strict=True)
    return [
        measures.Box(int(scene), int(label), random.random() if scores else 1.0, *one.tolist())
        for (scene, label), one in zip(drawn, np.hstack([corners, corners + sides]), strict=True)
    ]


def test_suppression_is_that_of_tensorflow_and_iou_that_of_keras():
    import tensorflow as tf

    random = np.random.default_rng(1)
    drawn = some_boxes(random, 60)
    corners, scores = np.array([one[3:] for one in drawn]), np.array([one.score for one in drawn])
    for most in (0.1, 0.3, 0.5):
        theirs = tf.image.non_max_suppression(corners, scores, 60, most).numpy().tolist()
        assert boxes.suppress(corners, scores, most) == theirs and 3 < len(theirs) < 60
    shares = keras.utils.bounding_boxes.compute_iou(corners, corners, "yxyx")
    ours = [[one.iou(other) for other in drawn] for one in drawn]
    np.testing.assert_allclose(np.array(shares), ours, atol=1e-5)


def test_targets_say_where_the_boxes_are():
    """Taken for what a network says, they give the boxes back; a hill is as wide as its box."""
    drawn = [measures.Box(0, 1, 1.0, 3, 5, 23, 9), measures.Box(0, 3, 1.0, 30.5, 40, 50, 61)]
    targets = boxes.make_targets(drawn, 2, 16, 3)
    assert targets["heat"].shape == (2, 16, 16, 3) and targets["boxes"][..., 4].sum() == 2
    assert (targets["heat"] == 1).sum() == 2 and not targets["heat"][1].any()
    hill = targets["heat"][0, :, :, 0]
    assert hill[4, 1] == pytest.approx(np.exp(-2)) and hill[3, 2] < 1e-20  # sides of 5 and 1
    scores, labels, corners = boxes.find_peaks(targets["heat"][0], targets["boxes"][0])
    assert scores[:3].tolist() == [1, 1, 0] and labels[:2].tolist() == [1, 3]
    np.testing.assert_allclose(corners[:2], [one[3:] for one in drawn], atol=1e-4)


def test_the_losses_of_a_detector_by_hand():
    random = np.random.default_rng(1)
    targets = boxes.make_targets(some_boxes(random, 9, scenes=2), 2, 10, 3)
    heat = random.uniform(0.01, 0.99, (2, 10, 10, 3)).astype("float32")
    sums = 0
    for t, p in zip(targets["heat"].ravel(), heat.ravel(), strict=True):
        sums -= (1 - p) ** 2 * np.log(p) if t == 1 else (1 - t) ** 4 * p**2 * np.log(1 - p)
    middles = (targets["heat"] == 1).sum()
    assert float(boxes.focal_loss(targets["heat"], heat)) == pytest.approx(sums / middles, rel=1e-4)
    numbers = random.normal(size=(2, 10, 10, 4)).astype("float32")
    there = targets["boxes"][..., 4] == 1
    wrong = np.abs(targets["boxes"][there][:, :4] - numbers[there]).sum() / there.sum()
    assert float(boxes.box_loss(targets["boxes"], numbers)) == pytest.approx(wrong, rel=1e-5)
    nothing = np.zeros((1, 10, 10, 5), "float32")
    assert float(boxes.box_loss(nothing, numbers[:1])) == 0  # and no division by none


def test_pieces_are_joined_over_a_gap_and_small_ones_left_out():
    labels = np.zeros((1, 12, 12), int)
    labels[0, 1:4, 2] = labels[0, 6:9, 2] = 3  # a stroke that another one has cut
    labels[0, 1:4, 9] = 4
    labels[0, 11, 11] = 5
    maps = np.eye(11)[labels]
    boxes = measures.find_boxes(maps, least=2, bridge=1)
    found = [(box.label, box.score, box.top, box.bottom) for box in boxes]
    assert found == [(3, 1, 1, 9), (4, 1, 1, 4)] and find.choose(maps, boxes) == (5, 1)
    assert len(measures.find_boxes(maps, least=2, bridge=0)) == 3
    assert len(measures.find_boxes(maps, least=1, bridge=0)) == 4


def test_a_slid_classifier_says_what_it_says_window_by_window():
    """At every pixel, those at the border included."""
    keras.utils.set_random_seed(1)
    classifier = baselines.build_classifier()
    images = np.random.default_rng(1).normal(size=(2, 12, 12, 1)).astype("float32")
    slid = baselines.label_by_sliding(classifier, images)
    padded = np.pad(images, ((0, 0), (14, 13), (14, 13), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded[..., 0], (28, 28), (1, 2))
    by_window = classifier.predict(windows.reshape(-1, 28, 28, 1), verbose=0)
    np.testing.assert_allclose(slid, by_window.reshape(slid.shape), atol=1e-5)


def test_a_piece_of_ink_is_the_digit_whose_mean_is_nearest():
    """The mean of each digit d is a bar here, 2 d + 1 pixels high; too few pixels are none."""
    means = np.zeros((10, 28, 28))
    for digit in range(10):
        means[digit, 14 - digit : 15 + digit, 13:16] = 1
    images, labels = np.zeros((2, 64, 64, 1)), np.zeros((2, 64, 64), int)
    for top, left, height, digit in [(0, 0, 41, 9), (3, 30, 9, 4), (50, 55, 11, 5)]:
        images[0, top : top + height, left : left + 3] = 1
        labels[0, top : top + height, left : left + 3] = digit + 1
    images[0, 30:32, 30:33] = 1
    answers = baselines.label_pieces(baselines.Pieces(means, 0.2, 7), images)
    assert answers.shape == (2, 64, 64, 11) and (answers.argmax(axis=-1) == labels).all()
    distances = 6 * np.abs(np.arange(10) - 4)  # pixels by which the bars differ from the second
    expected = np.exp(-distances) / np.exp(-distances).sum()
    np.testing.assert_allclose(answers[0, 5, 31], [0, *expected], rtol=1e-5)


def test_windows_show_what_their_label_says():
    made = make_scenes("train", 5, 1)
    made = made._replace(images=made.labels[..., None].astype("float32"))
    x, y, weights = baselines.cut_windows(made, 400, seed=1)
    assert (y > 0).sum() == 200 and weights.mean() == pytest.approx(1)
    assert weights[y > 0].sum() / weights.sum() == pytest.approx((made.labels > 0).mean())
    np.testing.assert_array_equal(x[:, 14, 14, 0], y)  # the middle is the pixel with the label


def test_skip_connections_reach_the_pixels_and_cost_no_weights():
    """Without them, nothing of the way down but its lowest level changes what comes out."""
    weights = []
    for skips in (True, False):
        keras.utils.set_random_seed(1)
        network = u_net.build_u_net(skips)
        weights.append(network.get_weights())
        *_, bottom = [layer.output for layer in network.layers if "pooling" in layer.name]
        # All that the lowest level sees is constant: does anything of the scene come through?
        rest = keras.Model([network.input, bottom], network.output)
        two = np.random.default_rng(1).normal(size=(2, 64, 64, 1)).astype("float32")
        first, second = np.asarray(rest([two, np.zeros((2, *bottom.shape[1:]))]))
        assert np.allclose(first, second, atol=1e-6) != skips
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_segment_and_find_from_end_to_end(tmp_path, monkeypatch):
    """A U-Net finds the ink of its scenes, and not the usual places."""
    monkeypatch.setattr(segment, "HELD_OUT", 60)
    monkeypatch.setattr(segment, "BATCH_SIZE", 4)
    options = ["--scenes", "120", "--epochs", "3", "--windows", "100"]
    script = load("cnn/segmentation/segment.py")
    results = script.main([*options, "--outputs", str(tmp_path)])["validation"]
    nothing = results["always nothing"]
    assert nothing["accuracy"] > 0.85 and nothing["mean_iou"] == nothing["ink"] == 0
    assert results["ink, nearest mean"]["mean_iou"] > 0.1
    assert results["U-Net"]["ink"] > 0.05  # whoever marks the usual places reaches 0.04
    monkeypatch.setattr(find, "CHOOSING", 20)
    monkeypatch.setattr(boxes, "HELD_OUT", 60)
    monkeypatch.setattr(boxes, "BATCH_SIZE", 4)
    detector = str(tmp_path / "detector")
    results = boxes.main(["--scenes", "120", "--epochs", "6", "--outputs", detector])
    assert results["ap"] > 0.02  # which no box by chance reaches
    found = str(tmp_path / "found")
    found = find.main([str(tmp_path), detector, "--outputs", found, "--scenes", "20"])
    true = found["ways"]["true labels"]
    assert true["ap"] > 0.7 and true["found_of"]["overlap_0"] > 0.9
    assert (tmp_path / "segment.png").exists() and (tmp_path / "found" / "find.png").exists()


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array, "uint8")).save(path)


@pytest.fixture
def my_images(tmp_path):
    """Return a folder of ten images, left half dark, right half bright, with masks of 0 and 255."""
    random, folder = np.random.default_rng(1), tmp_path / "my images"
    for i in range(10):
        bright = np.arange(50) >= random.integers(10, 40)
        image = random.integers(0, 60, (40, 50, 3)) + 150 * bright[:, None]
        write(folder / "images" / f"{i}.png", image)
        write(folder / "masks" / f"{i}.png", np.tile(255 * bright, (40, 1)))
    return folder


@pytest.mark.slow
def test_own_masks_from_end_to_end(my_images, tmp_path):
    photo, run = my_images / "images" / "0.png", tmp_path / "run"
    options = ["--data", my_images, "--size", 32, "--epochs", 20, "--photos", photo]
    results = own_masks.main([*map(str, options), "--outputs", str(run)])
    assert (results["known"], results["held_out"]) == (8, 2)
    assert results["U-Net"]["iou"]["255"] > 0.7 < results["boosting on colours"]["mean_iou"]
    use = [run / "own_masks.keras", photo, "--outputs", tmp_path / "use"]
    shares = label.main([*map(str, use)])["photos"]
    assert shares == results["photos"] and sum(shares["1_0.png"].values()) == pytest.approx(1)
    mask = np.asarray(Image.open(tmp_path / "use" / "1_0.png"))
    assert mask.shape == (40, 50) and set(np.unique(mask)) == {0, 255}


def test_a_mask_has_the_size_of_its_photograph_and_the_values_of_its_classes(tmp_path, capsys):
    columns = np.repeat([0, 70, 130, 190], [4, 3, 2, 1])
    write(tmp_path / "sky.png", np.tile(columns[:, None], (10, 1, 3)))
    network = SimpleNamespace(input_shape=(None, 10, 10, 3))  # which calls brighter what is
    network.predict = lambda pixels, **_: np.eye(4)[(pixels[..., 0] / 60).astype(int)]
    classes = {0: "sea", 5: "land", 9: "sky", 255: "sun"}
    shares = label.label_photos(network, classes, [tmp_path / "sky.png"], tmp_path)
    assert shares == {"1_sky.png": {"sea": 0.4, "land": 0.3, "sky": 0.2, "sun": 0.1}}
    assert "sky.png: 40% sea, 30% land, 20% sky\n" in capsys.readouterr().out
    mask = np.asarray(Image.open(tmp_path / "1_sky.png"))
    assert mask.shape == (10, 10) and mask[0].tolist() == [0] * 4 + [5] * 3 + [9] * 2 + [255]


def test_the_seed_says_what_is_held_out_and_how_images_vary(tmp_path, monkeypatch):
    part = box_files.Boxed(np.zeros((1, 32, 32, 3)), [])
    monkeypatch.setattr(boxes, "read_folder", read := Mock(return_value=(part, part, ["nothing"])))
    monkeypatch.setattr(boxes, "vary", vary := Mock(side_effect=InterruptedError))
    with pytest.raises(InterruptedError):
        boxes.main(["--data", "my", "--seed", "5", "--outputs", str(tmp_path)])
    assert read.call_args.args[-1] == vary.call_args.args[-1] == 5


def test_only_the_way_up_learns_and_both_halves_fit_together():
    down, up = own_masks.build(32, 3)
    assert not down.trainable_weights and up.trainable_weights
    maps = down(np.zeros((2, 32, 32, 3)))
    assert [one.shape[1] for one in maps] == [16, 8, 4, 2, 1] and up(maps).shape == (2, 32, 32, 3)


def test_pixels_of_rare_classes_weigh_more_and_all_together_as_before():
    labels = np.zeros((2, 8, 8), "uint8")
    labels[0, :2] = 1  # an eighth; no pixel is of class 2
    labels[1, 0, :2] = 3  # a 64th
    weights = own_masks.weigh(labels)
    assert weights.mean() == pytest.approx(1) and weights.shape == labels.shape
    assert weights[1, 0, 0] / weights[0, 0, 0] == pytest.approx(8**0.5)


def test_the_weights_of_pixels_reach_fit(my_images, tmp_path, monkeypatch):
    monkeypatch.setattr(keras.Model, "fit", fit := Mock(side_effect=InterruptedError))
    halves = [keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Dense(2)])] * 2
    monkeypatch.setattr(own_masks, "build", lambda *_: halves)
    with pytest.raises(InterruptedError):
        own_masks.main(["--data", str(my_images), "--size", "32", "--outputs", str(tmp_path)])
    weights = fit.call_args.kwargs["sample_weight"]
    np.testing.assert_array_equal(weights, own_masks.weigh(fit.call_args.args[1]))
    assert weights.min() < 1 < weights.max()


def test_masks_are_read_with_their_classes_and_groups_stay_whole(my_images):
    known, held_out, classes = masks.read_data(my_images, 32, 1)
    assert classes == {0: "0", 255: "255"} and set(np.unique(known.labels)) == {0, 1}
    assert known.images.shape == (8, 32, 32, 3) and held_out.labels.shape == (2, 32, 32)
    (my_images / "classes.txt").write_text("255 bright\x1b[2J\n0 dark side\n")
    assert masks.read_data(my_images, 32, 1)[2] == {0: "dark side", 255: "bright?[2J"}
    pairs = {f"{group}/{i % 2}/{i}": ("", "") for group in "abcde" for i in range(4)}
    known, held_out = masks.divide(pairs, 1)
    assert len(held_out) == 4 and len({name[0] for name in held_out}) == 1
    assert not set(known) & set(held_out)
    assert "val is a part" in failure(masks.divide, {"val/1": ("", ""), "a/1": ("", "")}, 1)


def test_copies_are_on_one_side(boxed_images, capsys):
    """Of masks and of boxes; with a copy goes what shares a subfolder with it."""
    for i in range(8):
        for kind in ("images", "masks"):
            path = boxed_images / kind / f"{i}.png"
            path.with_stem(f"{i} (1)").write_bytes(path.read_bytes())
    for find in (masks.find_pairs, box_files.read_part):
        for seed in range(5):
            sides = masks.find_sides(boxed_images, find, seed)
            known, held_out = ({name.split()[0].split(".")[0] for name in side} for side in sides)
            assert known and held_out and not known & held_out and sum(map(len, sides)) == 18
    assert capsys.readouterr().err.count("8 images are copies of others, and stay with") == 10


def test_masks_are_turned_as_their_files_say(tmp_path):
    turned, white = Image.Exif(), Image.new("L", (60, 40))
    turned[0x0112] = 6  # its right edge is the upper one
    white.paste(1, (0, 0, 60, 10))
    image, mask = tmp_path / "image.jpg", tmp_path / "mask.png"
    Image.new("RGB", (60, 40)).save(image, exif=turned)
    white.save(mask, exif=turned)
    _, (both,) = masks.read_pairs({0: (image, mask)}, 8)
    assert both[4].tolist() == [0] * 6 + [1] * 2
    white.save(mask)
    assert "do not fit together" in failure(masks.read_pairs, {0: (image, mask)}, 8)


def of_the_page(heading):
    """Return the Python in the folds of a section that reads files of the reader's own."""
    page = (ROOT / "cnn" / "segmentation" / "README.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"runs it -->\n```python\n(.*?)```", section, re.DOTALL)


def test_masks_in_colours_become_values(my_images, monkeypatch):
    """A colour that was not named becomes 255, which is found if classes.txt does not know it."""
    (program,) = of_the_page("Your own masks")
    masks_ = my_images.rename(my_images.parent / "my_images") / "masks"
    monkeypatch.chdir(my_images.parent)
    wanted = {path.name: np.asarray(Image.open(path)) > 0 for path in masks_.iterdir()}
    for name, mask in wanted.items():
        write(masks_ / name, mask[..., None] * np.array([128, 0, 0]))
    folder = masks_.parent
    assert "has colours (RGB)" in failure(masks.read_data, folder, 32, 1)
    masks_.rename(folder / "colours")
    (folder / "classes.txt").write_text("0 dark\n1 bright\n")
    exec(program, {})
    assert masks.read_data(folder, 32, 1)[2] == {0: "dark", 1: "bright"}
    for name, mask in wanted.items():
        np.testing.assert_array_equal(Image.open(masks_ / name), mask)
    write(folder / "colours" / "3.png", np.full((40, 50, 3), 9))
    shutil.rmtree(masks_)
    exec(program, {})
    assert "3.png has the value 255" in failure(masks.read_data, folder, 32, 1)


def test_boxes_of_labelling_programs_become_a_table(boxed_images, monkeypatch):
    """COCO's JSON, YOLO's txt and VOC's XML say the same; of a turned image as it is seen."""
    coco, *others = of_the_page("Your own boxes")
    folder = boxed_images.rename(boxed_images.parent / "my_images")
    monkeypatch.chdir(folder.parent)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (40, 50)).save(folder / "images" / "0.png", exif=turned)
    table = pd.read_csv(folder / "boxes.csv", sep=";")
    wanted = table.assign(label=["dog", "ball"] * 4 + ["dog"])
    assert wanted["file"][0] == "0.png" and wanted.iloc[0]["right"] == 50
    things = []
    for kind in ("labels", "annotations"):
        (folder / kind).mkdir()
    (folder / "labels" / "classes.txt").write_text("dog\nball\n")
    for i, (file, label, left, top, right, bottom) in wanted.iterrows():
        width, height, kind = right - left, bottom - top, int(label == "ball")
        box = [left, top, width, height]
        things.append({"image_id": i + 5, "category_id": 3 + kind, "bbox": box})
        yolo = (left + right) / 100, (top + bottom) / 80, width / 50, height / 40
        (folder / "labels" / f"{i}.txt").write_text(f"{kind} {' '.join(map(str, yolo))}\n")
        box = f"<xmin>{left}</xmin><ymin>{top}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax>"
        thing = f"<object><name>{label}</name><bndbox>{box}</bndbox></object>"
        voc = f"<annotation><filename>{file}</filename>{thing}</annotation>"
        (folder / "annotations" / f"{i}.xml").write_text(voc)
    images = [{"id": i + 5, "file_name": file} for i, file in enumerate(wanted["file"])]
    kinds = [{"id": 3, "name": "dog"}, {"id": 4, "name": "ball"}]
    about = {"images": images, "categories": kinds, "annotations": things}
    (folder / "coco.json").write_text(json.dumps(about))
    lines = re.search(r"^coco = .*\n    rows\.append.*?\n", coco, re.DOTALL | re.MULTILINE)[0]
    for reads in [lines, *others]:
        (folder / "boxes.csv").unlink()
        exec(coco.replace(lines, reads), {})
        pd.testing.assert_frame_equal(
            pd.read_csv(folder / "boxes.csv"), wanted, check_dtype=False, atol=1e-9
        )
        assert box_files.read_folder(folder, 32, 1)[2] == ["nothing", "ball", "dog"]


SPOILT = {
    r"3\.png has 50 x 40 pixels": lambda image, mask: write(mask, np.zeros((50, 40))),
    "and not one for each": lambda image, mask: write(mask, np.arange(2000).reshape(40, 50)),
    r"images.3\.png has no partner": lambda image, mask: mask.unlink(),
    r"masks.3\.png cannot be read": lambda image, mask: mask.write_bytes(b"no image"),
}


@pytest.mark.parametrize("line", SPOILT)
def test_masks_that_teach_nothing_end_with_a_line(line, my_images):
    SPOILT[line](my_images / "images" / "3.png", my_images / "masks" / "3.png")
    with pytest.raises(SystemExit, match=line):
        masks.read_data(my_images, 32, 1)


@pytest.fixture
def boxed_images(my_images):
    """Return the same folder, with a box around the bright part of each image but the last."""
    masks_ = [np.asarray(Image.open(my_images / "masks" / f"{i}.png")) for i in range(9)]
    rows = [f"{i}.png;bright;{(mask == 0)[0].sum()};0;50;40" for i, mask in enumerate(masks_)]
    lines = ["file;label;left;top;right;bottom", *rows]
    (my_images / "boxes.csv").write_text("\n".join(lines), encoding="utf-8")
    return my_images


def test_boxes_of_a_program_on_windows_are_read(boxed_images):
    images, table = boxed_images / "images", boxed_images / "boxes.csv"
    (images / "rex").mkdir()
    (images / "3.png").rename(images / "rex" / "3.png")
    text = table.read_text(encoding="utf-8").replace("3.png", "rex\\3.png")
    table.write_text(text, encoding="utf-8")
    assert len(box_files.read_part(boxed_images)["rex/3.png"][1]) == 1


def test_boxes_are_read_and_stretched_with_their_images(boxed_images, capsys):
    (boxed_images / "images" / "notes.txt").write_text("no image")
    known, held_out, names = box_files.read_folder(boxed_images, 80, 1)
    assert names == ["nothing", "bright"] and known.images.shape == (8, 80, 80, 3)
    assert (box_files.read_folder(boxed_images, 80, 2)[1].images != held_out.images).any()
    assert len(held_out.images) == 2 and len(known.boxes + held_out.boxes) == 9
    for one in known.boxes:
        dark, bright = np.split(known.images[one.scene], [round(one.left)], axis=1)
        assert dark[:, :-2].mean() < 50 and bright[:, 2:].mean() > 150
        assert (one.top, one.right, one.bottom) == (0, 80, 80)
    said = capsys.readouterr().err
    assert "left out: 1 x .txt" in said and "1 of 10 images have no box" in said


def test_varied_images_keep_their_boxes(recorder):
    """A bright block stays in its box, wherever it goes; a block that is cut off has none."""
    images = np.zeros((3, 60, 60, 3), "uint8")
    images[0, 10:30, 5:25] = images[1, 40:60, 30:50] = 255
    drawn = [measures.Box(0, 1, 1.0, 10, 5, 30, 25), measures.Box(1, 2, 1.0, 40, 30, 60, 50)]
    varied = box_files.vary(box_files.Boxed(images, drawn), 30, 1)
    assert len(varied.images) == 90 and 40 < len(varied.boxes) <= 60
    for one in varied.boxes:
        assert one.label == one.scene // 30 + 1
        top, left, bottom, right = map(round, one[3:])
        bright = varied.images[one.scene, ..., 0] > 127
        assert bright[top:bottom, left:right].mean() > 0.9
        assert bright.sum() < 1.1 * one.area
    recorder.results += [varied.images, varied.boxes]


@pytest.mark.slow
def test_own_boxes_from_end_to_end(boxed_images, tmp_path, monkeypatch):
    """A detector finds what it has learned by heart, and label.py finds it again."""
    monkeypatch.setattr(boxes, "SIZE", 64)
    monkeypatch.setattr(boxes, "vary", lambda part, *_: part)
    name = next(iter(masks.divide(box_files.read_part(boxed_images), 1)[0]))
    run, photo = tmp_path / "run", boxed_images / "images" / name
    options = ["--data", boxed_images, "--epochs", 40, "--photos", photo, "--outputs", run]
    results = boxes.main([*map(str, options)])
    assert results["photos"] == {f"1_{name}": ["bright"]}
    found, table = pd.read_csv(run / "found.csv"), pd.read_csv(boxed_images / "boxes.csv", sep=";")
    box = table[table["file"] == name][["left", "top", "right", "bottom"]]
    np.testing.assert_allclose(found[box.columns].iloc[0], box.iloc[0], atol=3)
    use = [run / "boxes.keras", photo, "--outputs", tmp_path / "use"]
    assert label.main([*map(str, use)])["photos"] == results["photos"]


WRONG_ROWS = {
    "line 11 of .*boxes.csv names 99.png, which is not an image": "99.png;bright;10;0;50;40",
    "line 11 of .*boxes.csv has 10, 0, x, 40 and not four numbers": "3.png;bright;10;0;x;40",
    "line 11 .* Swapped": "3.png;bright;50;0;10;40",
    r"line 11 of .* out of 3\.png, of 50 x 40": "3.png;bright;10;0;50;47",
    "all boxes of lonely are held out": "{};lonely;10;0;50;40",
}


@pytest.mark.parametrize("line", [*WRONG_ROWS, "no column right", "there is no folder .*images"])
def test_boxes_that_teach_nothing_end_with_a_line(line, boxed_images):
    path = boxed_images / "boxes.csv"
    if line in WRONG_ROWS:
        held_out = [*masks.divide(box_files.read_part(boxed_images), 1)[1]]
        path.write_text(path.read_text() + "\n" + WRONG_ROWS[line].format(held_out[0]))
    elif "column" in line:
        path.write_text("file,label,left,top,width,height\na,b,1,2,3,4")
    else:
        (boxed_images / "images").rename(boxed_images / "x")
    with pytest.raises(SystemExit, match=line):
        box_files.read_folder(boxed_images, 32, 1)


def test_emoji_over_photographs_have_masks_that_fit(tmp_path, monkeypatch):
    """Those held out show other things, over other halves of the photographs."""
    photo = np.zeros((200, 400, 3), "uint8")
    photo[:, 200:] = 200
    write(tmp_path / "photo.jpg", photo)
    monkeypatch.setattr(example_masks, "PHOTOS", tmp_path)
    monkeypatch.setattr(example_masks, "IMAGES", {"training": 40, "validation": 20})
    folder = example_masks.unpack_scenes(tmp_path)
    known, held_out, classes = masks.read_data(folder, 128, 1)
    assert len(known.images) == 40 and classes[0] == "nothing"
    for part, paper in ((known, 0), (held_out, 200)):
        assert set(np.unique(part.labels)) == set(range(7))
        assert (part.images == paper).all(axis=-1)[part.labels == 0].all()
        assert (part.images == paper).all(axis=-1)[part.labels > 0].mean() < 0.1


def test_each_thing_is_held_out_once_by_both_artists_with_what_looks_like_it():
    drawn = [load_emoji(artist) for artist in ("noto", "twemoji")]
    names = {emoji.tobytes(): name for one in drawn for emoji, name in zip(*one[:2], strict=True)}
    lines = ", ".join(example_masks.KINDS.values()).split(", ")
    group = {name: line for line in lines for name in line.split("/")}
    once = []
    for seed in (1, 2, 3):
        sides = example_masks.divide_things(seed)
        known, held_out = ([names[emoji.tobytes()] for emoji, _ in side] for side in sides)
        assert not {group[name] for name in known} & {group[name] for name in held_out}
        once += held_out
    assert sorted(once) == sorted(2 * [*group])
