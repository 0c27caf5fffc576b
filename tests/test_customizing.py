"""Below fit: five ways to the same losses, parts as a library would test them, loops that agree."""

import keras
import numpy as np
import psutil
import pytest
from keras import layers, ops

from utils.gradients import gradients
from utils.runs import load_results

LARGE = 30.0  # a logit that leaves no doubt


@pytest.fixture
def parts(load_script):
    return load_script("customizing/parts.py")


def test_five_steps_give_the_same_losses(run_main):
    """On whatever back end: the filed results are those of TensorFlow."""
    _, results = run_main("customizing/five_steps.py", "--epochs", 1)
    steps = results["steps"]
    assert [*steps] == ["numpy", "gradients", "parts", "train_step", "fit"]
    assert results["apart"] < 5e-6
    assert all(step["accuracy"] > 0.8 for step in steps.values())
    filed = load_results("five_steps")["steps"]["numpy"]["losses"]
    assert steps["fit"]["losses"] == pytest.approx(filed[:1], abs=5e-6)


@pytest.mark.parametrize(
    "precision", ["float32", pytest.param("mixed_float16", marks=pytest.mark.every_back_end)]
)
def test_a_step_of_ones_own_does_what_that_of_fit_does(load_script, precision):
    """With dropout's seeds, averages of batch normalization, Adam's moments, penalty and weights.

    And in float16, where the loss is scaled before the gradient is taken.
    """
    own = load_script("customizing/train_steps.py").OwnStep
    random = np.random.default_rng(1)
    x, y = random.normal(size=(64, 6)).astype("float32"), random.integers(3, size=64)
    counts = random.random(64).astype("float32")
    found, before = [], keras.config.dtype_policy()
    for kind in (keras.Model, own):
        keras.utils.set_random_seed(1)
        keras.config.set_dtype_policy(precision)
        try:
            inputs = keras.Input((6,))
            hidden = layers.Dense(8, kernel_regularizer="l2")(inputs)
            hidden = layers.Dropout(0.5, seed=1)(layers.BatchNormalization()(hidden))
            model = kind(inputs, layers.Dense(3, dtype="float32")(hidden))
        finally:
            keras.config.set_dtype_policy(before)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, metrics=["accuracy"], weighted_metrics=["accuracy"])
        weights = {} if precision == "float32" else {"sample_weight": counts}
        options = {"batch_size": 32, "epochs": 3, "shuffle": False, "verbose": 0} | weights
        fitted = model.fit(x, y, **options).history
        found.append((fitted, model.get_weights()))
    rtol = 1e-5 if precision == "float32" else 1e-3
    for name, values in found[0][0].items():
        np.testing.assert_allclose(values, found[1][0][name], rtol=rtol, err_msg=name)
    assert found[0][0]["loss"][-1] != found[0][0]["loss"][0]
    for expected, weights in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_allclose(expected, weights, rtol=10 * rtol, atol=rtol)


@pytest.mark.every_back_end
def test_a_step_of_ones_own_trains_two_outputs(load_script):
    """Each with a loss of its own, whose mean Keras reports by itself."""
    own = load_script("customizing/train_steps.py").OwnStep
    x, found = np.random.default_rng(1).normal(size=(32, 6)).astype("float32"), []
    for kind in (keras.Model, own):
        keras.utils.set_random_seed(1)
        inputs = keras.Input((6,))
        model = kind(inputs, {"a": layers.Dense(1)(inputs), "b": layers.Dense(2)(inputs)})
        model.compile("adam", {"a": "mse", "b": "mae"})
        targets = {"a": x[:, :1], "b": x[:, 1:3]}
        found.append(model.fit(x, targets, epochs=2, shuffle=False, verbose=0).history)
    assert set(found[0]) == set(found[1]) == {"loss", "a_loss", "b_loss"}
    for name, values in found[0].items():
        np.testing.assert_allclose(values, found[1][name], rtol=1e-5, err_msg=name)


@pytest.mark.every_back_end
def test_a_step_of_ones_own_leaves_alone_what_the_loss_does_not_reach(load_script):
    inputs = keras.Input((6,))
    unused = layers.Dense(2)
    model = load_script("customizing/train_steps.py").OwnStep(
        inputs, {"used": layers.Dense(1)(inputs), "unused": unused(inputs)}
    )
    model.compile("adam", {"used": "mse"})
    before = model.get_weights()
    model.fit(np.ones((8, 6)), {"used": np.ones((8, 1))}, verbose=0)
    moved = [(old != new).any() for old, new in zip(before, model.get_weights(), strict=True)]
    kept = {id(variable) for variable in unused.variables}
    assert moved == [id(variable) not in kept for variable in model.variables]


def restored(part):
    """Return a part made anew from its description, which is first written as JSON."""
    text = keras.saving.serialize_keras_object(part)
    return keras.saving.deserialize_keras_object(text)


def slopes_agree(function, x, eps=1e-2):
    """Check the gradient of function(x), one number, against finite differences."""
    _, (slope,) = gradients(function, x)
    for place in list(np.ndindex(x.shape))[:5]:
        step = np.zeros_like(x)
        step[place] = eps
        rise = float(function(ops.convert_to_tensor(x + step)))
        fall = float(function(ops.convert_to_tensor(x - step)))
        assert slope[place] == pytest.approx((rise - fall) / (2 * eps), rel=0.02, abs=2e-3)


@pytest.mark.every_back_end
def test_the_norm_layer(parts):
    x = np.random.default_rng(1).normal(3, 2, size=(4, 5, 6)).astype("float32")
    layer = parts.RootMeanSquareNorm()
    found = ops.convert_to_numpy(layer(x))
    np.testing.assert_allclose((found**2).mean(axis=-1), 1, rtol=1e-4)
    theirs = layers.RMSNormalization(epsilon=layer.epsilon)
    np.testing.assert_allclose(found, ops.convert_to_numpy(theirs(x)), rtol=1e-4)
    assert layer(keras.Input((5, 6))).shape == (None, 5, 6)
    slopes_agree(lambda x: ops.sum(layer(x) ** 3), x[0])
    again = restored(layer)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(ops.convert_to_numpy(again(x)), found)
    # A mask passes through to the layer that follows.
    steps = keras.Sequential(
        [layers.Masking(), parts.RootMeanSquareNorm(), layers.GlobalAveragePooling1D()]
    )
    padded = x.copy()
    padded[:, 3:] = 0
    np.testing.assert_allclose(
        ops.convert_to_numpy(steps(padded)), found[:, :3].mean(axis=1), rtol=1e-4
    )


@pytest.mark.every_back_end
def test_cutout_blanks_one_square_and_only_in_training(parts):
    images = np.ones((50, 9, 12, 2), "float32")
    layer = parts.Cutout(4, seed=1)
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(images)), images)
    found = ops.convert_to_numpy(layer(images, training=True))
    blank = found[..., 0] == 0
    np.testing.assert_array_equal(found[..., 1] == 0, blank)
    assert (blank.sum(axis=(1, 2)) == 16).all()
    assert (blank.any(axis=1).sum(axis=1) == 4).all() and (blank.any(axis=2).sum(axis=1) == 4).all()
    # Every place is possible, up to the edges, and the next call draws other ones.
    assert blank.any(axis=0)[:, [0, -1]].any() and blank.any(axis=0)[[0, -1]].any()
    assert (ops.convert_to_numpy(layer(images, training=True)) != found).any()
    assert restored(layer).get_config() == layer.get_config()


@pytest.mark.every_back_end
def test_the_initializer_connects_few_inputs(parts):
    initializer = parts.SparseNormal(15, seed=1)
    weights = ops.convert_to_numpy(initializer((784, 200)))
    assert ((weights != 0).sum(axis=0) == 15).all() and weights.dtype == "float32"
    assert weights[weights != 0].std() == pytest.approx(15**-0.5, rel=0.05)
    assert abs(weights[weights != 0].mean()) < 0.02  # 4 standard errors
    np.testing.assert_array_equal(ops.convert_to_numpy(restored(initializer)((784, 200))), weights)
    assert (ops.convert_to_numpy(initializer((4, 3))) != 0).all()  # there are fewer inputs


@pytest.mark.every_back_end
def test_the_loss_and_the_metric_know_what_answers_cost(parts):
    costs = [[0, 1, 4], [1, 0, 1], [4, 1, 0]]
    y = np.eye(3, dtype="float32")[[0, 1, 2, 2]]
    logits = LARGE * np.eye(3, dtype="float32")[[0, 1, 2, 0]]  # the last one is wrong and costs 4
    metric = parts.MeanCost(costs)
    for part in (slice(0, 3), slice(3, 4)):
        metric.update_state(y[part], logits[part])
    assert float(metric.result()) == pytest.approx(1)
    y, logits = y[1:], logits[1:]  # the shape of the first part: JAX compiles for each anew
    metric.reset_state()
    metric.update_state(y, logits, sample_weight=[1, 1, 0])
    assert float(metric.result()) == 0
    # Nearly undecided between 0 and 2, it is cheapest to say 1.
    undecided = np.array([[1.0, 0.0, 0.9]], "float32")
    cheapest = parts.MeanCost(costs, cheapest=True)
    cheapest.update_state(np.eye(3, dtype="float32")[[0]], undecided)
    assert float(cheapest.result()) == 1
    plain = parts.CrossEntropyWithCost(costs, weight=0.0)
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True)
    assert float(plain(y, logits)) == pytest.approx(float(theirs(y, logits)), rel=1e-5)
    loss = parts.CrossEntropyWithCost(costs, weight=2.0)
    assert float(loss(y, logits) - plain(y, logits)) == pytest.approx(2 * 4 / 3, rel=1e-4)
    slopes_agree(lambda z: loss(y, z), np.random.default_rng(1).normal(size=(3, 3)).astype("f4"))
    for part in (metric, cheapest, loss):
        assert restored(part).get_config() == part.get_config()


@pytest.mark.every_back_end
def test_the_schedule_rises_and_falls(parts):
    schedule = parts.WarmUpThenLinear(0.1, warm_up=10, steps=110)
    rates = [float(schedule(step)) for step in (0, 4, 9, 60, 110, 200)]
    assert rates == pytest.approx([0.01, 0.05, 0.1, 0.05, 0, 0])
    assert restored(schedule).get_config() == schedule.get_config()


@pytest.mark.every_back_end
def test_the_callback_ends_a_training_between_two_steps(parts):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.zeros((1000, 2), "float32")
    model.fit(x, x[:, :1], 10, epochs=3, callbacks=[parts.StopAfter(0)], verbose=0)
    assert int(model.optimizer.iterations) == 1
    model.fit(x, x[:, :1], 500, epochs=3, callbacks=[parts.StopAfter(600)], verbose=0)
    assert int(model.optimizer.iterations) == 7


@pytest.mark.torch  # JAX compiles for long
def test_parts_train_together_and_come_back_from_a_file(run_main, few_digits, tmp_path):
    _, results = run_main(
        "customizing/use_parts.py", "--seeds", 1, "--epochs", 3, "--train-samples", 3000
    )
    assert results["difference"] < 1e-5
    assert min(results["accuracy"]["plain"]) > 0.6  # guessing is right in a tenth
    assert max(results["costs"]["plain, most probable"]) < 1.5  # and costs 3.3
    assert (tmp_path / "run" / "parts.png").exists()


@pytest.mark.slow
def test_a_stranger_is_told_what_a_file_needs(load_script, run_script, tmp_path):
    parts = load_script("customizing/parts.py")
    model = keras.Sequential([keras.Input((4,)), parts.RootMeanSquareNorm()])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")  # who has imported parts.py can
    assert type(again.layers[0]) is parts.RootMeanSquareNorm
    run = run_script("serialization/load_model.py", tmp_path / "model.keras")
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert "RootMeanSquareNorm, which is not a layer of Keras or of this book" in run.stderr


def test_mistakes_are_those_of_the_text(run_main):
    _, found = run_main("customizing/mistakes.py")
    filed = load_results("mistakes")
    if keras.config.backend() == "tensorflow":  # the others word some of them differently
        assert {name: one["error"] for name, one in found.items()} == {
            name: filed[name]["error"] for name in found
        }
    assert found["not_registered"]["error"] == "TypeError"
    assert "get_config" in found["no_config"]["said"]


def test_accumulated_gradients_are_those_of_the_large_batch(load_script):
    updates = load_script("customizing/loops/updates.py")
    weights, digits = updates.draw_weights(1), updates.prepare_mnist((784,), 600)
    losses = updates.accumulate(weights, digits, 2)
    np.testing.assert_allclose(*losses.values(), rtol=1e-5)


@pytest.mark.every_back_end
def test_two_optimizers_share_a_network(load_script):
    updates = load_script("customizing/loops/updates.py")
    weights, digits = updates.draw_weights(1), updates.prepare_mnist((784,), 600)
    sgd = keras.optimizers.SGD
    losses, trained = updates.fit(weights, digits, 1, updates.in_a_pair(sgd(0.1)))
    expected, alone = updates.fit(weights, digits, 1, sgd(0.1))
    np.testing.assert_allclose(losses, expected, rtol=1e-6)
    np.testing.assert_allclose(trained[0], alone[0], atol=1e-6)
    _, trained = updates.fit(weights, digits, 1, updates.in_a_pair(sgd(0.0)))
    assert (trained[0] == weights[0]).all() and (trained[2] != weights[2]).any()


def test_a_scaled_loss_saves_small_gradients(load_script, monkeypatch):
    updates = load_script("customizing/loops/updates.py")
    weights, digits = updates.draw_weights(1), updates.prepare_mnist((784,), 600)
    plain = updates.in_16_bits(weights, digits, 1, 1.0, adapt=False)
    scaled = updates.in_16_bits(weights, digits, 2, updates.SCALE, adapt=True)
    exact, _ = updates.fit(weights, digits, 1, keras.optimizers.SGD(updates.LEARNING_RATE))
    assert plain["losses"] == pytest.approx(exact, rel=0.01) and plain["skipped"] == 0
    assert scaled["skipped"] > 0 and scaled["scale"] == updates.SCALE / 2 ** scaled["skipped"]
    assert scaled["losses"][1] < exact[0]  # it began later, but it learns
    shares = updates.vanished(weights, digits)
    assert shares["1"] > 0.005 and shares["65536"] < 0.1 * shares["1"]
    slopes = iter([[[0, 1, 2, 4]], [[0, 0, 2, 4]], [[0, 0, 0, 4]], [[1, 1, 2, 4]]])
    monkeypatch.setattr(updates, "gradients", lambda *_: (0, [np.array(next(slopes)[0])]))
    monkeypatch.setattr(updates, "fit", lambda weights, *_: (0, weights))
    assert [*updates.vanished(weights, digits).values()] == [1 / 3, 2 / 3, 0]


def test_an_attack_keeps_to_its_limits_and_misleads(load_script, few_digits):
    study = load_script("customizing/loops/adversarial.py")
    digits = study.prepare_mnist((784,), 2000)
    model = study.train(keras.Model, digits, seed=1, epochs=3)
    x, y = digits.x_val[:200], digits.y_val[:200]
    right, _, _ = study.judge(model, x, y, 0.1, seed=1)
    assert right["as they are"] > 0.75 and right["noise"] > right["one step"] + 0.3
    assert right["ten steps"] <= right["one step"] + 0.02
    for steps in (1, 10):
        moved = study.attack(model, x, y, 0.1, steps)
        assert np.abs(moved - x).max() <= 0.1 + 1e-6 and moved.min() >= 0 and moved.max() <= 1


@pytest.mark.every_back_end
def test_defences_differentiate_the_slope(load_script):
    """The penalty is the squared slope, by hand; evaluate reports the plain loss."""
    defences = load_script("customizing/loops/defences.py")
    random = np.random.default_rng(1)
    x, y = random.random((6, 4), dtype="float32"), np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2]]
    inputs = keras.Input((4,))
    model = defences.WithPenalty(inputs, layers.Dense(3)(inputs))
    plain = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.0), plain)
    w, b = model.get_weights()
    logits = x @ w + b
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    slopes = (probabilities - y) @ w.T
    penalty = defences.STRENGTH * (slopes**2).sum(axis=1).mean()
    expected = float(plain(y, logits))
    assert model.evaluate(x, y, verbose=0) == pytest.approx(expected, rel=1e-4)
    fitted = model.fit(x, y, verbose=0).history["loss"][0]
    assert fitted == pytest.approx(expected + penalty, rel=1e-4)
    model.compile(keras.optimizers.SGD(1.0), plain)  # a step lowers the sum, not the loss alone
    model.fit(x, y, epochs=30, verbose=0)
    assert model.fit(x, y, verbose=0).history["loss"][0] < expected + penalty


def test_distillation_at_temperature_one_is_cross_entropy(load_script):
    distill = load_script("customizing/loops/distill.py")
    logits = np.random.default_rng(1).normal(size=(5, 10)).astype("float32")
    targets = np.full((5, 10), 0.1, "float32")
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True)(targets, logits)
    assert float(distill.SofterCrossEntropy()(targets, logits)) == pytest.approx(float(theirs))
    softer = distill.SofterCrossEntropy(2.0)(targets, 2 * logits)
    assert float(softer) == pytest.approx(4 * float(theirs), rel=1e-5)


@pytest.mark.slow
def test_a_student_learns(run_main, few_digits):
    options = ["--seeds", 1, "--epochs", 2, "--train-samples", 2000]
    _, results = run_main("customizing/loops/distill.py", *options)
    assert min(one["accuracy"][0] for one in results["students"].values()) > 0.5
    assert results["teacher"]["accuracy"] > 0.95


@pytest.mark.torch  # JAX compiles for long
def test_branches_learn_from_all_their_targets(run_main):
    module, results = run_main(
        "customizing/loops/branches.py", "--seeds", 1, "--epochs", 1, "--pairs", 2000
    )
    shares = {name: values[0] for name, values in results["shares"].items()}
    assert shares["all, digit"] > 0.6 and shares["all, added"] > 0.4
    assert shares["sum alone, digit"] < 0.4  # nobody told it which output is which digit
    model = module.build_model()
    names = [layer.name for layer in model.layers]
    assert names.count("look") == 1  # one layer for both images


def test_pairs_are_drawn_as_the_text_says(load_script):
    siamese = load_script("customizing/loops/siamese.py")
    pairs, same, writers = siamese.draw_pairs("validation", 400, np.random.default_rng(1))
    assert pairs.shape == (400, 2, 28, 28) and same.mean() == 0.5
    np.testing.assert_array_equal(writers[:, 0] == writers[:, 1], same)
    names = np.unique(siamese.writers_of("train"))
    assert not set(writers.ravel()) & set(names)
    _, _, few = siamese.draw_pairs("train", 50, np.random.default_rng(1), names[::10])
    assert set(few.ravel()) <= set(names[::10])
    assert (np.abs(pairs[:, 0] - pairs[:, 1]).max(axis=(1, 2)) > 0).all()  # never one image twice
    model = siamese.build_model()
    swapped = model.predict(pairs[:8, ::-1], verbose=0)
    np.testing.assert_allclose(model.predict(pairs[:8], verbose=0), swapped, atol=1e-6)


def test_pairs_are_judged_over_writers(load_script, monkeypatch):
    siamese = load_script("customizing/loops/siamese.py")
    monkeypatch.setattr(siamese, "DRAWS", 300)
    random = np.random.default_rng(1)
    same = np.arange(600) % 2 == 0
    writers = random.integers(30, size=(600, 2))
    writers[same, 1] = writers[same, 0]
    # Right at 0.2, and at 0.5 only where the answer is "two writers"; the other one guesses.
    good = np.where(same, 0.3, 0.1) + random.uniform(-0.05, 0.05, 600)
    answers = {"good": good, "guess": random.random(600)}
    thresholds = {who: siamese.fit_threshold(same, one) for who, one in answers.items()}
    assert 0.14 < thresholds["good"] < 0.26
    found = siamese.judge(same, writers, answers, thresholds)
    assert found["good"]["right"]["mean"] == found["good"]["auc"]["mean"] == 1
    assert found["good"]["at_half"]["mean"] == 0.5
    for measure, one in found["difference"].items():
        by_hand = found["good"][measure]["mean"] - found["guess"][measure]["mean"]
        assert one["mean"] == pytest.approx(by_hand)
        assert one["low"] < one["mean"] < one["high"]
    # A pair of two writers counts as often as both were drawn, one by one writer as often as he.
    for weights in list(siamese.draw_writers(same, writers))[:3]:
        times = {w: n for (w, _), n in zip(writers[same], weights[same], strict=True)}
        expected = [times[one] * times[other] for one, other in writers[~same]]
        np.testing.assert_array_equal(weights[~same], expected)
        assert sum(times.values()) == 30


def test_features_of_a_stroke(load_script):
    features = load_script("customizing/loops/writer_pairs.py").features
    strokes = np.zeros((3, 28, 28), "float32")
    strokes[0, 4:24, 13:15] = 1  # upright, two pixels thick
    strokes[1, 4:24, 12:16] = 1  # four
    for row in range(4, 24):  # leaning: one column to the left for each row
        strokes[2, row, 27 - row : 29 - row] = 1
    ink, slant, width, height, thickness = features(strokes).T
    assert ink == pytest.approx([40, 80, 40]) and thickness == pytest.approx([1, 2, 1])
    assert slant == pytest.approx([0, 0, -1], abs=1e-4)
    assert width[0] < width[1] < width[2] and height == pytest.approx([height[0]] * 3)


@pytest.mark.slow
def test_a_siamese_network_recognizes_strangers_handwriting(run_main, tmp_path):
    _, results = run_main("customizing/loops/siamese.py", "--pairs", 4000, "--epochs", 2)
    assert results["scores"]["siamese network"]["auc"]["mean"] > 0.55
    assert (tmp_path / "run" / "siamese.png").exists()


def test_a_file_is_read_batch_by_batch(load_script, tmp_path):
    million = load_script("customizing/feeding/million_rows.py")
    million.write_csv(tmp_path / "rows.csv", 250)
    expected = million.make_rows(250, seed=0)
    batches = million.CsvBatches(tmp_path / "rows.csv", 100)
    assert len(batches) == 3
    x, y = (np.concatenate(part) for part in zip(*(batches[i] for i in range(3)), strict=True))
    np.testing.assert_allclose(np.column_stack([x, y]), expected, atol=1e-4)
    data = million.from_tf_data(tmp_path / "rows.csv")["x"]
    theirs = np.concatenate([np.column_stack(batch) for batch in data])
    np.testing.assert_allclose(np.sort(theirs, axis=0), np.sort(expected, axis=0), atol=1e-4)


def test_a_table_is_learned_from_a_file(load_script, tmp_path, monkeypatch):
    million = load_script("customizing/feeding/million_rows.py")
    monkeypatch.setattr(million, "run_apart", lambda _, way, path: million.train(way, path))
    ways = million.main(["--rows", "60000", "--outputs", str(tmp_path)])["ways"]
    assert list(ways) == million.WAYS and "seconds" not in ways["imports alone"]
    for way in million.WAYS[1:]:
        assert ways[way]["accuracy"] > 0.7 and ways[way]["rows_per_second"] > 0
    assert min(one["peak_mib"] for one in ways.values()) > 100


@pytest.mark.slow
def test_a_way_has_a_process_of_its_own(load_script, tmp_path, monkeypatch):
    """One way of one script is enough, since the others start alike."""
    module = load_script("customizing/feeding/image_files.py")
    monkeypatch.setattr(module, "WAYS", ["tf.data"])
    results = module.main(["--images", "200", "--outputs", str(tmp_path / "images")])
    assert results["ways"]["tf.data"]["images_per_second"] > 0
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["results.json"]


def test_a_way_that_fails_ends_with_one_line(load_script, tmp_path):
    million = load_script("customizing/feeding/million_rows.py")
    script = tmp_path / "script.py"
    script.write_text("print('some lines')\nopen('missing.csv')\n")
    with pytest.raises(SystemExit, match=r"PyDataset ended with status 1: .*No such file"):
        million.run_apart(script, "PyDataset", "missing.csv")
    for module in ("million_rows", "image_files"):
        with pytest.raises(SystemExit, match=r"^2$"):
            load_script(f"customizing/feeding/{module}.py").main(["--way", "tf.data"])
    assert million.peak_memory() >= 0.9 * psutil.Process().memory_info().rss


def test_each_way_reads_each_image_once_in_an_epoch(load_script, tmp_path):
    files = load_script("customizing/feeding/image_files.py")
    files.write_images(tmp_path, 250)
    expected = [np.asarray(files.in_memory(tmp_path)["x"]), files.in_memory(tmp_path)["y"]]
    orders = [expected[1].tolist()]
    by_row = np.lexsort(expected[0].reshape(250, -1).T)
    for way in ("image_dataset_from_directory", "PyDataset", "PyDataset, 2 workers", "tf.data"):
        data = files.WAYS[way](tmp_path)["x"]
        for _ in range(2):  # epochs
            batches = [[np.asarray(part) for part in batch] for batch in data]
            assert [len(y) for _, y in batches] == [100, 100, 50]
            x, y = (np.concatenate(part) for part in zip(*batches, strict=True))
            here = np.lexsort(x.reshape(250, -1).astype("float32").T)
            np.testing.assert_array_equal(x[here], expected[0][by_row])
            np.testing.assert_array_equal(y[here], expected[1][by_row])
            orders.append(y.tolist())
            getattr(data, "on_epoch_end", lambda: None)()
    distinct = {tuple(order) for order in orders}
    assert len(distinct) == 7  # the two kinds of PyDataset draw the same two orders


def test_a_cache_after_shuffling_freezes_the_order(load_script):
    assert load_script("customizing/feeding/pitfalls.py").freeze_order() == {
        "after": True,
        "before": False,
    }


@pytest.mark.every_back_end
def test_a_slow_input_is_found(load_script, monkeypatch, tmp_path):
    module = load_script("customizing/speed/slow_place.py")
    data = module.Turned(module.prepare_mnist((28, 28, 1), 200))
    first, again = data[1], data[1]
    np.testing.assert_array_equal(first[0], again[0])
    assert first[0].shape == (100, 28, 28, 1) and len(data) == 2
    data.on_epoch_end()  # the next epoch has other angles
    assert np.abs(data[1][0] - first[0]).max() > 0.5
    with pytest.raises(SystemExit, match=r"^2$"):
        module.main(["--images", "250"])
    monkeypatch.setattr(module, "NETWORKS", ["perceptron"])
    results = module.main(["--images", "200", "--rounds", "1", "--outputs", str(tmp_path)])
    assert all(value > 0 for value in results["milliseconds"]["perceptron"].values())
    names = " ".join(one["name"] for one in results["input"])
    assert "spline" in names
    assert 0.3 < sum(one["share"] for one in results["input"]) <= 1
    if keras.config.backend() == "tensorflow":
        assert any("MatMul" in one["name"] for one in results["step"])
    assert 0.5 < sum(one["share"] for one in results["step"]) <= 1.001


def test_settings_change_the_time_and_not_what_is_learned(load_script, monkeypatch, tmp_path):
    module = load_script("customizing/speed/faster.py")
    monkeypatch.setattr(module, "IMAGES", {"perceptron": 640})
    monkeypatch.setattr(
        module,
        "KINDS",
        {k: v for k, v in module.KINDS.items() if k not in ("jit_compile", "run_eagerly")},
    )
    results = module.main(["--rounds", "2", "--outputs", str(tmp_path)])
    losses = {kind: one["loss"] for kind, one in results["networks"]["perceptron"].items()}
    for kind in {"own_step", "steps_per_execution"} & set(losses):
        assert losses[kind] == pytest.approx(losses["fit"], rel=1e-4)
    for kind in ("bfloat16", "float16"):
        assert (
            losses[kind] == pytest.approx(losses["fit"], rel=0.02) and losses[kind] != losses["fit"]
        )
    ratio = results["compared"]["perceptron"]["own_step"]
    pairs = [results["networks"]["perceptron"][kind]["seconds"] for kind in ("own_step", "fit")]
    assert ratio["ratio"] == pytest.approx(np.exp(np.mean(np.log(np.divide(*pairs)))))
    assert ratio["low"] < ratio["ratio"] < ratio["high"]


def test_a_buffer_shuffles_only_as_far_as_it_reaches(load_script):
    pitfalls = load_script("customizing/feeding/pitfalls.py")
    random = np.random.default_rng(1)
    assert [*pitfalls.shuffled(20, 1, random)] == list(range(20))
    near = [*pitfalls.shuffled(1000, 10, random)]
    assert sorted(near) == list(range(1000))
    assert all(value <= place + 10 for place, value in enumerate(near))
    far = [*pitfalls.shuffled(1000, 1000, random)]
    assert sorted(far) == list(range(1000)) and np.corrcoef(far, range(1000))[0, 1] < 0.2


def test_fit_leaves_the_sorted_batches_in_their_order(load_script, monkeypatch, few_digits):
    """By itself it would shuffle them, and the text would speak of an order that nothing had."""
    pitfalls = load_script("customizing/feeding/pitfalls.py")
    asked = []

    class Recorded(pitfalls.Batches):
        def __getitem__(self, index):
            asked.append(index)
            return super().__getitem__(index)

    monkeypatch.setattr(pitfalls, "Batches", Recorded)
    monkeypatch.setattr(pitfalls, "BUFFERS", [1])
    pitfalls.sort_and_shuffle(pitfalls.prepare_mnist((28, 28, 1), 1000), epochs=2)
    assert asked[-20:] == 2 * [*range(10)]  # before these Keras may look at some for their shapes
