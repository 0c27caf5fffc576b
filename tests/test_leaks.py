"""Which rows reach what learns, what chooses and what judges: no part is in two of them."""

import re
import sys
from itertools import count
from types import SimpleNamespace
from unittest.mock import Mock

import keras
import numpy as np
import pytest
from conftest import NUMBERS, PARTS, replace_everywhere
from matplotlib.figure import Figure
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegressionCV, Ridge
from sklearn.pipeline import Pipeline
from test_records import answer

LEARN_AND_JUDGE = "(fit train; predict validation; )+"
# What ladder.py tries, and augment.py.
WAYS = {"border": [1], "nearest": [3], "probe": [9], "head": [0.01], "part": [0.1], "whole": [0.1]}
CHANGES = {"WAYS": {"probe": [1, 9], "none": [None], "flips and crops": [0.2, 0.4]}}
CHANGES["FROZEN"] = "pooling"  # of the small network
DRAWN = 250  # the number of each row that a network has drawn
# Each training takes four seconds less than the one before.
CLOCK = SimpleNamespace(perf_counter=(100 * k - k * k for k in count()).__next__)


def first(x, *_):
    return x


def second(_, x, *__):
    return x


def third(_, __, x, *___):
    return x


def nothing(*_):
    return {}


@pytest.fixture(autouse=True)
def no_figures(monkeypatch):
    monkeypatch.setattr(Figure, "savefig", lambda _, path: path.touch())


@pytest.fixture
def run(rows, recorder, load_script, tmp_path, monkeypatch):
    """Return a function that runs a script, with constants replaced, and returns its module.

    watched: for rows.watch, the name of what is called, and the other arguments.
    """

    def run(path, options="", watched=(), **constants):
        script = load_script(path)
        for name, value in constants.items():
            monkeypatch.setattr(script, name, value, raising=False)
        for name, *how in watched:
            rows.watch(script, name, *how)
        recorder.results.append(script.main([*options.split(), "--outputs", str(tmp_path)]))
        return script

    return run


@pytest.mark.parametrize(
    ("script", "options", "constants", "story"),
    [
        ("cnn/residual.py", "--seeds 2", {"time": CLOCK}, "(fit train; evaluate validation; )+"),
        ("cnn/shifts.py", "", {}, LEARN_AND_JUDGE),
        # A change of the pixels would change the numbers of the rows.
        ("customizing/loops/adversarial.py", "--seeds 1", {"CHANGE": 0.0}, LEARN_AND_JUDGE),
    ],
)
def test_each_part_of_mnist_goes_where_it_belongs(
    numbered_digits, rows, run, script, options, constants, story
):
    if script == "cnn/shifts.py":
        rows.answer = answer
    run(script, options, **constants)
    assert re.fullmatch(story, rows.story())


def test_what_comes_in_pieces_is_validated_on_others(numbered_digits, rows, run):
    run("customizing/feeding/pitfalls.py", "--epochs 1", [("Batches", first)])
    pieces = "(Batches train; evaluate validation; )+fit train; evaluate validation; "
    assert re.fullmatch(pieces, rows.story())


def test_files_of_training_images_are_validated_on_others(
    numbered_digits, rows, recorder, load_script, tmp_path
):
    script = load_script("customizing/feeding/image_files.py")
    script.write_images(tmp_path, 120)
    rows.answer = lambda x, _: np.eye(10)[np.rint(x.max(axis=(1, 2, 3))).astype(int) // 4 % 10]
    recorder.results.append(script.train("in memory", tmp_path)["accuracy"])
    assert rows.story() == "fit train; predict validation; "


def test_a_million_rows_are_judged_by_others(rows, recorder, load_script, tmp_path, monkeypatch):
    script = load_script("customizing/feeding/million_rows.py")
    make_rows, seeds = script.make_rows, []

    def make_few(count, seed):
        seeds.append(seed)
        return make_rows(20, seed)

    monkeypatch.setattr(script, "make_rows", make_few)
    script.write_csv(tmp_path / "rows.csv", 100_001)  # in three pieces
    script.train("in memory", tmp_path / "rows.csv")
    assert len(seeds) == len(set(seeds)) == 4


# --- Pictures out of networks ---


def writer_of(number):
    """Return who wrote a numbered digit, counted from 0 in each part."""
    return (number - NUMBERS[PARTS[number]][0]) // 4


JUDGES = {n: "judge" for n in NUMBERS["train"] if writer_of(n) % 4 == 0}
PEOPLE = PARTS | JUDGES | {DRAWN: "drawn"}


@pytest.fixture
def chapter(numbered_digits, run, load_script, monkeypatch):
    """Return run, with a small VAE for each run; what is drawn is the number DRAWN."""
    image, point = keras.Input((784,)), keras.Input((2,))
    middle = keras.layers.Dense(2)(image)
    encoder = keras.Model(image, [middle, middle])
    decoder = keras.Model(point, keras.layers.Dense(784)(point))
    constants = {
        "load_vae": lambda run: (2, encoder, decoder),
        "load_flow": lambda run: (None, decoder),
        "draw": lambda flow, decoder, labels, *_, **__: np.full((len(labels), 784), DRAWN / 255),
        "draw_sheet": nothing,
    }

    def run_chapter(path, *options, **others):
        for constant, value in constants.items():
            monkeypatch.setattr(load_script(path), constant, value, raising=False)
        return run(path, *options, **others)

    return run_chapter


def test_the_judge_learns_from_writers_of_its_own(chapter, rows):
    chapter("generating/judge.py")
    assert rows.story(PEOPLE) == "fit judge; predict validation; "


def test_what_is_squeezed_was_not_learned(chapter, rows):
    for kind, name in ((PCA, "fit"), (PCA, "transform"), (Ridge, "fit"), (Ridge, "predict")):
        rows.watch(kind, name, second)
    # Noise would change the numbers of the rows.
    script = chapter("generating/autoencoder.py", "--sizes 2 --search", NOISE=0)
    tried = 2 * len(script.RATES)
    assert rows.story(PEOPLE) == (
        "fit train; transform validation; fit train; predict validation; "
        f"{len(script.PENALTIES) * 'fit train; predict validation; '}"
        f"{tried * 'fit train; predict validation; predict train; '}"
        f"{2 * 'fit train; predict test; '}"
    )


def test_strangers_are_refused_by_validation_and_reported_on_test(
    chapter, rows, recorder, load_script
):
    script = load_script("generating/anomalies.py")
    autoencoder = keras.Sequential([keras.Input((784,)), keras.layers.Dense(784)])
    kinds = [*script.CHOSEN_ON, *script.REPORTED_ON]
    collect = ("collect", third, lambda _, __, test: dict.fromkeys(kinds, test[0]))
    for name in ("fit", "transform"):
        rows.watch(PCA, name, second)
    chapter(
        "generating/anomalies.py",
        "RUN --sizes 2",
        [collect],
        load_networks=lambda *_: [autoencoder],
    )
    recorder.results.clear()  # the main direction of equal pixels is a matter of rounding
    assert rows.story(PEOPLE) == (
        "collect test; fit train; predict validation; predict test; "
        "transform validation; transform test; predict validation; predict test; "
    )


def test_a_vae_and_a_flow_learn_from_training_writers(chapter, rows):
    chapter("generating/vae.py", "--size 2", [("measure", third)], draw_figures=nothing)
    assert rows.story(PEOPLE).startswith("fit train; measure validation; predict validation; ")
    rows.clear()
    chapter("generating/flow.py", "RUN", [("pairs", first)], draw_figures=nothing)
    assert rows.story(PEOPLE) == "predict train; pairs train; "


# Noted beside what is measured, what is, and where copies are looked for, in this order.
MEASURES = [("Measures", of) for of in (lambda *args: args[3], third, second)]


def compared(rows):
    """Return {number: "beside", "measured" and so on}, of Measures of which nobody is in both."""
    beside, measured, train = (known for call, known in rows if call == "Measures")
    assert not set(map(writer_of, beside)) & set(map(writer_of, measured))
    assert {PEOPLE[number] for number in train} == {"train"}
    return PEOPLE | dict.fromkeys(beside, "beside") | dict.fromkeys(measured, "measured")


@pytest.mark.parametrize(("option", "part"), [("", "validation"), ("--test", "test")])
def test_drawn_digits_are_measured_beside_other_writers(chapter, rows, option, part):
    others = [("make_traps", first, nothing), ("make_rivals", third, nothing)]
    chapter(
        "generating/evaluate.py",
        f"RUN --vae RUN {option}",
        [*MEASURES, ("nearest", second), *others],
        COUNTS=[5],
        NEAREST=5,
        draw_sheet=(drawn := Mock()),
    )
    images, _, _, titles = drawn.call_args.args
    assert len(images) == 10 * len(titles)
    names = compared(rows)
    assert rows.story(names) == (
        "Measures beside; Measures measured; Measures train; predict beside; nearest train; "
        "make_traps train; make_rivals train; predict measured; nearest train; "
        "predict drawn; nearest train; predict measured; "
    )
    assert {PARTS[number] for number in names if names[number] in ("beside", "measured")} == {part}


def test_choices_are_made_on_validation_writers(chapter, rows):
    watched = [*MEASURES, ("pairs", first)]
    chapter("generating/choices.py", "RUN", watched, GUIDANCES=[1], STEPS=[1], SEEDS=1)
    chapter("generating/choices.py", "RUN --noise RUN --seeds 1")
    names = compared(rows[:3])
    assert {PARTS[number] for number in rows[0][1] | rows[1][1]} == {"validation"}
    measuring = "Measures beside; Measures measured; Measures train; predict beside; "
    learning = "(pairs train; predict drawn; ){2}"
    story = f"{measuring}predict drawn; {measuring}predict train; {learning}"
    assert re.fullmatch(story, rows.story(names))


def test_a_hundred_real_digits_are_those_of_training_writers(chapter, rows):
    rows.watch(LogisticRegressionCV, "fit", second, first)
    rows.watch(LogisticRegressionCV, "predict", second, lambda _, x: np.zeros(len(x)))
    number = rows.answer

    def answer(inputs, shape):  # with the number of the row, and one class that is likelier
        shares = number(inputs, shape)
        return shares + (np.rint(255 * shares) // 4 % 10 == np.arange(shape[-1])) / 1_000

    rows.answer = answer
    chapter(
        "generating/few_real.py", "RUN RUN --seeds 1", [("pairs", first)], EACH=2, DRAWN=20, STEPS=1
    )
    assert rows.story(PEOPLE) == (
        f"predict train; pairs train; {2 * 'fit train; predict validation; '}"
        f"{2 * 'fit drawn+train; predict validation; '}fit train; predict validation; "
    )


def test_a_flow_in_style_meets_its_writers_at_the_end(chapter, rows):
    constants = {"LEAST": 2, "draw_figure": nothing, "middles": lambda *_: np.zeros((10, 2))}
    chapter("generating/writers.py", "RUN", [("pairs", first), ("recognize", first)], **constants)
    assert rows.story(PEOPLE) == (
        "predict train; predict validation; recognize validation; pairs train; predict drawn; "
    )


def test_decoders_are_chosen_on_validation_writers(chapter, rows):
    network = SimpleNamespace(count_params=lambda: 1)
    network.predict = lambda points, **_: np.full((len(points), 784), DRAWN / 255)
    points, seeds = {"nothing": np.zeros((12, 2)), "mixture": np.zeros((12, 2))}, []

    def answer(inputs, shape):  # the judge is sure of every other digit
        sure = np.arange(len(inputs)) % 2
        return np.tile(sure.reshape(-1, *[1] * len(shape)), (1, *shape)).astype("float32")

    def train_vae(*some, **how):
        seeds.append(how.get("seed", some[-1]))
        return None, network

    rows.answer, draw = answer, Mock()
    watched = [
        ("train_vae", first, train_vae),
        ("measure", third, lambda *_: {"surprise": {"mean": 1.0}}),
        ("draw_points", second, lambda *_: (points, np.arange(12))),
        ("halves", first),
    ]
    few = {"RATES": [1, 2], "WEIGHTS": [1, 2], "draw_sheet": draw}
    chapter("generating/decoders.py", "--seeds 2", watched, **few)
    images, _, _, titles = draw.call_args.args
    assert len(images) == 10 * len(titles) and seeds == 6 * [101] + [1, 1, 2, 2]
    searched = "halves validation; predict validation; (train_vae train; predict drawn; ){6}"
    judged = "(train_vae train; measure test; draw_points train; predict drawn; ){4}"
    assert re.fullmatch(f"{searched}halves test; predict test; {judged}", rows.story(PEOPLE))


def test_a_style_finds_digits_from_which_it_was_not_taken(load_script, monkeypatch):
    """Of writers who have no style it finds no more than chance would: 5 %."""
    script, random = load_script("generating/writers.py"), np.random.default_rng(1)
    part = SimpleNamespace(writers=np.arange(2000) % 20, labels=np.arange(2000) % 10)
    for writer, (one, other) in script.halves(part, random).items():
        assert sorted([*one, *other]) == np.flatnonzero(part.writers == writer).tolist()
    offsets = random.normal(size=(2000, 8))
    middles = [offsets[digit::10].mean(axis=0) for digit in range(10)]
    np.testing.assert_allclose(script.middles(offsets, part.labels), middles)
    assert max(script.recognize(offsets, part, random).values()) < 0.15
    monkeypatch.setattr(script, "draw", lambda told, *_, **__: told.styles)
    flow = SimpleNamespace(output_shape=(None, 8))
    told, _, writer, others = script.draw_in_styles(flow, None, offsets, part, random)
    assert script.found(told[np.unique(writer, return_index=True)[1]], others) < 0.25


# --- Images by concepts ---


@pytest.fixture
def numbered_emoji(load_script, rows, monkeypatch):
    """Let there be 100 drawings by each artist, and a small network; of most concepts two."""
    from cnn import efficientnet_lite, photographs
    from cnn.studies import cached

    def load_emoji(artist="noto"):
        i = np.arange(100)
        numbers = i + {"noto": 2, "twemoji": 102}[artist]
        sources = [np.full((8, 8, 3), number, "uint8") for number in numbers]
        labels = np.where(i < 40, i // 2 % 5, i // 2 % 4).astype("int32")  # of the last class, 8
        names, groups = [f"{number}" for number in numbers], [*map(concept, numbers)]
        return photographs.Pictures(sources, names, labels, [*"abcde"], groups)

    def build_network(size=8, pretrained=True, include_top=True):
        np.random.random()  # whatever else does so: a split has a generator of its own
        image = keras.Input((size, size, 3))
        x = keras.layers.Conv2D(2, 1, name="block_11_project_norm")(image)
        return keras.Model(image, keras.layers.GlobalAveragePooling2D(name="pooling")(x))

    def tell(inputs, shape):  # the number of a row at one place, and less at the others
        number = inputs.reshape(-1, *[1] * len(shape), inputs[0].size).max(axis=-1)
        places = (7 * number + rows.trainings + np.arange(shape[-1])) % shape[-1]
        return np.ones(shape) * number / (1 + places)

    for script in ("near_twins", "few_pictures", "cross_validation", "augment", "ladder"):
        load_script(f"cnn/studies/{script}.py")
    load_script("cnn/transfer.py")
    replace_everywhere(monkeypatch, photographs.load_emoji, load_emoji)
    replace_everywhere(monkeypatch, efficientnet_lite.build_network, build_network)
    replace_everywhere(monkeypatch, cached.predict, lambda model, x: model.predict(x))
    monkeypatch.setattr(cached, "BATCH_SIZE", 33)
    rows.answer = tell


def concept(number):
    i = (int(number) - 2) % 100
    return i // 2 if i < 80 else i


def concepts(numbers):
    return {*map(concept, numbers)}


@pytest.mark.parametrize(
    ("script", "options", "trainings", "artists", "constants"),
    [
        ("cnn/studies/near_twins.py", "--seeds 2", 18, 1, {}),
        ("cnn/studies/few_pictures.py", "--folds 2 --counts 2", 10, 2, {}),
        ("cnn/studies/cross_validation.py", "--fine-tune 1 --size 32", 8, 1, {}),
        ("cnn/studies/augment.py", "--counts 2 --folds 2 --steps 2 --size 32", 6, 1, CHANGES),
        ("cnn/studies/ladder.py", "--folds 2 --size 64", 18, 1, {"WAYS": WAYS}),
    ],
)
def test_concepts_held_out_were_not_learned(
    numbered_emoji, rows, recorder, run, monkeypatch, script, options, trainings, artists, constants
):
    load_emoji = sys.modules["cnn.photographs"].load_emoji
    for owner in ("augment", "ways"):
        monkeypatch.setattr(f"cnn.studies.{owner}.load_folder", lambda _: load_emoji())
    rows.watch(Pipeline, "fit", second)
    rows.watch(Pipeline, "predict_proba", second)
    recorder.watch(monkeypatch, keras.Model, "set_weights", lambda _, weights: len(weights))
    recorder.watch(monkeypatch, keras.layers.Rescaling, "call", lambda layer, _: layer.scale)
    constants |= {"SIZE": 32, "draw": nothing, "draw_sheet": nothing}
    run(script, options, **constants)
    recorder.results.append([call for call in recorder.calls if call[0][:3] in ("set", "cal")])
    shared = []
    while rows:
        call, known = rows.pop(0)
        if call in ("fit", "train_on_batch"):
            while rows[0][0] == call:  # more of the same network
                known = known | rows.pop(0)[1]
            asked = [rows.pop(0)[1] for _ in range(artists)]
            assert max(known) < 102 and not known.intersection(*asked)
            assert [min(one) >= 102 for one in asked] == [False, True][:artists]
            shared.append(max(len(concepts(known) & concepts(one)) for one in asked))
    assert len(shared) == trainings
    if script == "cnn/studies/near_twins.py":  # which also tries what happens if nobody looks
        assert min(shared[:5] + shared[9:14]) > 0
        shared = shared[5:9] + shared[14:]
    assert max(shared) == 0


def test_transfer_learning_is_judged_by_things_held_out(numbered_emoji, rows, run, tmp_path):
    drawn = sys.modules["cnn.photographs"].load_emoji()
    for name, label, group in zip(drawn.names, drawn.labels, drawn.groups, strict=True):
        path = tmp_path / "my" / "abcde"[label] / str(group) / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (int(name),) * 3).save(path)
    run("cnn/transfer.py", f"--size 32 --data {tmp_path / 'my'} --photos {tmp_path / 'my/a'}")
    assert [call for call, _ in rows[:4]] == 2 * ["fit", "validate"]
    for known, held_out in (rows[:2], rows[2:4]):
        learned, judged = (concepts(numbers) for _, numbers in (known, held_out))
        assert len(learned | judged) == 60 and len(judged) == 13 and not learned & judged


def test_photographs_of_which_one_was_drawn_do_not_judge(load_script):
    own, learned, asked = load_script("cnn/studies/own_pictures.py"), [], []

    class Photographs(own.Photographs):
        def __init__(self):
            self.classes = ["birds", "fish", "flowers", "mammals"]
            self.groups = np.arange(200) // 2
            self.labels = self.groups % 4

        def learn(self, way, known, value, rate=None):
            learned.append({*self.groups[known]})
            return lambda numbers: asked.append({*self.groups[numbers]}) or np.eye(4)[numbers % 4]

    own.draw_few(Photographs(), ["head"], [12, 60], 2)
    assert [len(things) for things in learned] == [12, 60, 12, 60]
    assert all(len(things) == 40 for things in asked)
    assert not any(known & judged for known, judged in zip(learned, asked, strict=True))


def test_deep_stacks_are_judged_by_images_held_out(rows, run):
    images = np.arange(2, 182, dtype="float32").repeat(64).reshape(180, 8, 8, 1) / 255
    labels = np.arange(180) % 10
    divided = images[:120], images[120:], labels[:120], labels[120:]
    options = "--depth 2 --seeds 2 --kinds both skips plain"
    run("cnn/depth.py", options, load_images=lambda: divided, RATES=[0.01])
    assert re.fullmatch("(fit train; evaluate train; evaluate validation; )+", rows.story())


# --- Scenes and masks ---

SCENES = {("train", 1): 2, ("validation", 2): 62, ("test", 3): 122, ("train", 4): 182}
OF_SCENES = {
    first + i: f"{part}_{seed}" for (part, seed), first in SCENES.items() for i in range(60)
}


@pytest.fixture
def numbered_scenes(numbered_digits, load_script, rows, monkeypatch):
    """Let scenes be images all of whose pixels are one number, with a digit in each."""
    from cnn.segmentation import baselines, scenes, u_net

    def make_scenes(part, count, seed, most=5):
        numbers = SCENES[part, seed] + np.arange(count)
        labels = np.zeros((count, 64, 64), "uint8")
        labels[:, 20:40, 20:40] = 1  # a digit
        images = numbers[:, None, None, None] * np.ones((1, 64, 64, 1), "float32") / 255
        return scenes.Scenes(images, labels, labels)

    def label_pieces(fitted, images):
        assert fitted.means.max() == 0, "all pixels of training digits are dark, of others bright"
        return np.full((*images.shape[:3], 11), images[..., :1], "float32")

    def build_u_net(skips=True):
        scene = keras.Input((64, 64, 1))
        return keras.Model(scene, keras.layers.Dense(11)(scene))

    for script in ("segment", "find", "skips"):
        load_script(f"cnn/segmentation/{script}.py")
    replace_everywhere(monkeypatch, scenes.make_scenes, make_scenes)
    replace_everywhere(monkeypatch, u_net.build_u_net, build_u_net)
    rows.watch(baselines, "label_pieces", second, label_pieces)


def test_scenes_are_labelled_by_what_learned_from_other_writers(numbered_scenes, rows, run):
    judge, options = ("judge", lambda scenes, maps: maps), "--scenes 40 --windows 40 --test"
    run("cnn/segmentation/segment.py", options, [judge], HELD_OUT=20, draw=nothing)
    learned = "fit train_1; validate validation_2; fit train_1; label_pieces train_1; "
    used = "predict {0}; label_pieces {0}; judge {0}; judge ?; "  # of the last no scene is seen
    asked = [used.format(part) for part in ("validation_2", "test_3")]
    assert rows.story(OF_SCENES) == learned + "".join(asked)


@pytest.mark.parametrize("part", ["validation_2", "test_3"])
def test_pieces_are_chosen_on_scenes_of_training_writers(numbered_scenes, rows, run, part):
    networks = [sys.modules["cnn.segmentation.segment"].build_u_net()]
    networks.append(sys.modules["cnn.segmentation.baselines"].build_classifier())
    scene = keras.Input((64, 64, 1))
    few = keras.layers.AveragePooling2D(4)(scene)
    networks.append(keras.Model(scene, [keras.layers.Dense(size)(few) for size in (4, 10)]))
    watched = [("true_boxes", lambda scenes: scenes.images), ("choose", first)]
    watched += [("find_boxes", first, lambda *_: []), ("detect", second, lambda *_: [])]
    constants = {"load_model": lambda _: networks.pop(0), "CHOOSING": 20}
    constants |= {"LEAST": [5], "BRIDGE": [0]}
    options = f"RUN RUN --scenes 20 --part {part[:-2]}"
    run("cnn/segmentation/find.py", options, watched, draw=nothing, **constants)
    story = rows.story(OF_SCENES).replace(part, "it").replace("train_4", "others")
    assert story == (
        "true_boxes others; true_boxes it; "
        "label_pieces others; predict others; label_pieces others; predict it; label_pieces it; "
        "choose ?; find_boxes ?; "  # of the true labels
        f"{3 * 'choose others; find_boxes others; find_boxes it; '}"
        "detect others; detect it; "
    )


def test_detectors_are_judged_on_other_writers(numbered_scenes, rows, run, load_script):
    load_script("cnn/segmentation/boxes.py")
    watched = [("detect", second, lambda *_: [])]
    options = "--scenes 20 --epochs 1"
    run("cnn/segmentation/boxes.py", options, watched, HELD_OUT=20, draw=nothing)
    assert rows.story(OF_SCENES) == "fit train_1; validate validation_2; detect validation_2; "


def test_skip_connections_are_judged_on_other_writers(numbered_scenes, rows, run, load_script):
    rates = load_script("cnn/segmentation/skips.py").RATES
    options = {"HELD_OUT": 20, "SEARCHED": 20, "draw": lambda *_: None}
    run("cnn/segmentation/skips.py", "--scenes 20 --seeds 1", **options)
    tried = len(rates) * "fit train_1; evaluate validation_2; "
    assert rows.story(OF_SCENES) == 2 * f"{tried}fit train_1; predict test_3; "


def test_own_masks_are_judged_on_images_held_out(rows, load_script, run):
    load_script("cnn/segmentation/own_masks.py")
    masks = sys.modules["cnn.segmentation.masks"]
    numbers = np.arange(62, 182, dtype="uint8")
    images, labels = np.full((3, 32, 32, 120), numbers).T, np.arange(32 * 32 * 120) % 2
    everything = masks.Labelled(images, labels.reshape(120, 32, 32).astype("uint8"))
    parts = [masks.Labelled(*(x[side] for x in everything)) for side in (slice(60), slice(60, 120))]
    image = keras.Input((32, 32, 3))
    halves = keras.Model(image, image), keras.Model(image, keras.layers.Dense(2)(image))
    boosting = HistGradientBoostingClassifier
    rows.watch(boosting, "fit", second, first)
    rows.watch(boosting, "predict", second, lambda _, x: np.zeros(len(x), int))
    constants = {"read_data": lambda *_: (*parts, {0: "a", 1: "b"}), "build": lambda *_: halves}
    constants |= {"unpack_scenes": first, "draw": nothing}
    run("cnn/segmentation/own_masks.py", "--size 32", **constants)
    assert rows.story() == (
        "predict train; predict validation; fit train; validate validation; predict validation; "
        "fit train; predict validation; "
    )


# --- Models that are saved, and served ---


def test_smaller_networks_read_validation_images(
    numbered_digits, rows, run, load_script, tmp_path, monkeypatch
):
    script = load_script("serialization/smaller.py")
    monkeypatch.setattr(script.save_model, "save_all", nothing)
    run("serialization/smaller.py", "--epochs 1")
    with np.load(tmp_path / "mlp_one_layer" / "probe.npz") as probe:
        rows.note("probe", probe["inputs"])
    assert rows.story() == "fit train; predict validation; probe validation; "


@pytest.mark.filterwarnings("ignore:Mean of empty slice")  # of the few digits it refuses none
def test_detectors_are_fitted_limited_and_judged_on_three_parts(
    numbered_digits, rows, run, load_script
):
    script = load_script("serialization/rest/detectors.py")
    kinds = {*script.CHOSEN_ON, *script.REPORTED_ON, "digits"}
    watched = [("collect", third, lambda _, __, test: dict.fromkeys(kinds, test[0]))]
    watched += [("cut_up", second, lambda _, digits, __: digits)]
    run("serialization/rest/detectors.py", "", watched, draw=nothing)
    story = "collect test; cut_up train; predict train; fit train; "
    assert re.fullmatch(story + "(predict validation; predict test; ){5}", rows.story())


def test_limits_are_fitted_on_validation_images(numbered_digits, rows, load_script):
    script = load_script("serialization/rest/ship_model.py")
    script.fit(script.load_model(script.MODEL))
    assert rows.story() == "predict validation; "


def test_the_test_images_are_read_after_the_steps_are_chosen(numbered_digits, rows, run):
    watched = [("choose", second, nothing), ("turn", second, nothing)]
    watched += [("compare_steps", second, lambda *_: ({}, []))]
    run(
        "serialization/rest/preparation_steps.py",
        "",
        watched,
    )
    assert rows.story() == "choose validation; compare_steps test; turn test; "
    rows.clear()
    asked = []
    reading = ("read", third, lambda _, ways, *__: asked.append([*ways]))
    script = run("serialization/rest/light.py", "", [reading])
    assert rows.story() == "read validation; read test; "
    assert set(asked[1]) < set(asked[0]) == set(script.WAYS)
