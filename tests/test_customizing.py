"""Below fit: five ways to the same losses, parts as a library would test them, loops that agree."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from customizing import parts
from customizing.feeding import image_files, million_rows, pitfalls
from customizing.loops import adversarial, defences, distill, siamese, updates
from customizing.speed import faster, slow_place
from customizing.train_steps import OwnStep
from mnist.data import prepare_mnist
from utils.files import load_results
from utils.gradients import gradients

every_back_end = pytest.mark.every_back_end
numpy_of = ops.convert_to_numpy


def test_five_steps_give_the_same_losses(run_main):
    """On whatever back end: the filed results are those of TensorFlow."""
    _, results = run_main("customizing/five_steps.py", "--epochs", 1)
    steps = results["steps"]
    assert [*steps] == ["numpy", "gradients", "parts", "train_step", "fit"]
    assert results["apart"] < 5e-6 and all(step["accuracy"] > 0.8 for step in steps.values())
    filed = load_results("five_steps")["steps"]["numpy"]["losses"]
    assert steps["fit"]["losses"] == pytest.approx(filed[:1], abs=5e-6)


@pytest.mark.parametrize(
    "precision", ["float32", pytest.param("mixed_float16", marks=every_back_end)]
)
def test_a_step_of_ones_own_does_what_that_of_fit_does(precision, set_policy):
    """With dropout's seeds, averages of batch normalization, Adam's moments, penalty and weights.

    And in float16, where the loss is scaled before the gradient is taken.
    """
    random = np.random.default_rng(1)
    x, y = random.normal(size=(64, 6)).astype("float32"), random.integers(3, size=64)
    counts = random.random(64).astype("float32")
    found = []
    set_policy(precision)
    for kind in (keras.Model, OwnStep):
        keras.utils.set_random_seed(1)
        inputs = keras.Input((6,))
        hidden = layers.Dense(8, kernel_regularizer="l2")(inputs)
        hidden = layers.Dropout(0.5, seed=1)(layers.BatchNormalization()(hidden))
        model = kind(inputs, layers.Dense(3, dtype="float32")(hidden))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, metrics=["accuracy"], weighted_metrics=["accuracy"])
        weights = {} if precision == "float32" else {"sample_weight": counts}
        options = {"batch_size": 32, "epochs": 2, "shuffle": False, "verbose": 0} | weights
        found.append((model.fit(x, y, **options).history, model.get_weights()))
    rtol = 1e-5 if precision == "float32" else 1e-3
    for name, values in found[0][0].items():
        np.testing.assert_allclose(values, found[1][0][name], rtol=rtol, err_msg=name)
    assert found[0][0]["loss"][-1] != found[0][0]["loss"][0]
    for expected, weights in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_allclose(expected, weights, rtol=10 * rtol, atol=rtol)


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
        rise, fall = (float(function(ops.convert_to_tensor(x + s))) for s in (step, -step))
        assert slope[place] == pytest.approx((rise - fall) / (2 * eps), rel=0.02, abs=2e-3)


@every_back_end
def test_the_norm_layer():
    x = np.random.default_rng(1).normal(3, 2, size=(4, 5, 6)).astype("float32")
    layer = parts.RootMeanSquareNorm()
    found = numpy_of(layer(x))
    theirs = layers.RMSNormalization(epsilon=layer.epsilon)
    np.testing.assert_allclose(found, numpy_of(theirs(x)), rtol=1e-4)
    assert layer(keras.Input((5, 6))).shape == (None, 5, 6)
    slopes_agree(lambda x: ops.sum(layer(x) ** 3), x[0])
    again = restored(layer)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(numpy_of(again(x)), found)
    # A mask passes through to the layer that follows.
    chain = [layers.Masking(), parts.RootMeanSquareNorm(), layers.GlobalAveragePooling1D()]
    x[:, 3:] = 0
    masked = numpy_of(keras.Sequential(chain)(x))
    np.testing.assert_allclose(masked, found[:, :3].mean(axis=1), rtol=1e-4)


@every_back_end
def test_cutout_blanks_one_square_and_only_in_training():
    images = np.ones((50, 9, 12, 2), "float32")
    layer = parts.Cutout(4, seed=1)
    np.testing.assert_array_equal(numpy_of(layer(images)), images)
    found = numpy_of(layer(images, training=True))
    blank = found[..., 0] == 0
    np.testing.assert_array_equal(found[..., 1] == 0, blank)
    assert (blank.any(axis=1).sum(axis=1) == 4).all() and (blank.any(axis=2).sum(axis=1) == 4).all()
    assert (numpy_of(layer(images, training=True)) != found).any()
    assert restored(layer).get_config() == layer.get_config()
    again, other = (numpy_of(parts.Cutout(4, seed=s)(images, training=True)) for s in (1, 2))
    assert (again == found).all() and (other != found).any()


@every_back_end
def test_neurons_have_few_inputs_and_a_seed_draws_places_and_weights():
    one, again, other = (numpy_of(parts.SparseNormal(5, seed=s)((40, 9))) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert ((one != 0).sum(axis=0) == 5).all() and ((one != 0) != (other != 0)).any()
    assert (one != other)[(one != 0) & (other != 0)].all()
    assert (numpy_of(parts.SparseNormal(50, seed=1)((40, 9))) != 0).all()  # there are no more


@every_back_end
def test_the_loss_and_the_metric_know_what_answers_cost():
    costs = [[0, 1, 4], [1, 0, 1], [4, 1, 0]]
    y = np.eye(3, dtype="float32")[[1, 2, 2]]
    logits = 30 * np.eye(3, dtype="float32")[[1, 2, 0]]  # no doubt; the last is wrong, costs 4
    metric = parts.MeanCost(costs)
    for weights, cost in ((None, 4 / 3), ([1, 1, 0], 0)):
        metric.reset_state()
        metric.update_state(y, logits, sample_weight=weights)
        assert float(metric.result()) == pytest.approx(cost)
    # Nearly undecided between 0 and 2, it is cheapest to say 1.
    cheapest = parts.MeanCost(costs, cheapest=True)
    cheapest.update_state(np.eye(3, dtype="float32")[[0]], np.array([[1.0, 0.0, 0.9]], "float32"))
    assert float(cheapest.result()) == 1
    plain = parts.CrossEntropyWithCost(costs, weight=0.0)
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True)
    assert float(plain(y, logits)) == pytest.approx(float(theirs(y, logits)), rel=1e-5)
    softer = distill.SofterCrossEntropy(2.0)  # in which the slopes do not shrink
    assert float(softer(y, logits)) == pytest.approx(4 * float(theirs(y, logits / 2)), rel=1e-5)
    loss = parts.CrossEntropyWithCost(costs, weight=2.0)
    assert float(loss(y, logits) - plain(y, logits)) == pytest.approx(2 * 4 / 3, rel=1e-4)
    slopes_agree(lambda z: loss(y, z), np.random.default_rng(1).normal(size=(3, 3)).astype("f4"))
    for part in (metric, cheapest, loss):
        assert restored(part).get_config() == part.get_config()


@every_back_end
def test_the_schedule_rises_and_falls_and_the_callback_ends_a_training():
    schedule = parts.WarmUpThenLinear(0.1, warm_up=10, steps=110)
    rates = [float(schedule(step)) for step in (0, 4, 9, 60, 110, 200)]
    assert rates == pytest.approx([0.01, 0.05, 0.1, 0.05, 0, 0])
    assert restored(schedule).get_config() == schedule.get_config()
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.zeros((100, 2), "float32")
    for seconds, steps in ((0, 1), (600, 31)):
        model.fit(x, x[:, :1], 10, epochs=3, callbacks=[parts.StopAfter(seconds)], verbose=0)
        assert int(model.optimizer.iterations) == steps


@pytest.mark.torch  # JAX compiles for long
def test_parts_train_together_and_come_back_from_a_file(run_main, few_digits, tmp_path):
    options = ["--seeds", 1, "--epochs", 3, "--train-samples", 2000]
    _, results = run_main("customizing/use_parts.py", *options)
    assert results["difference"] < 1e-5
    assert min(results["accuracy"]["plain"]) > 0.6  # guessing is right in a tenth
    assert max(results["costs"]["plain, most probable"]) < 1.5  # and costs 3.3
    cutout, _, dense, *_ = keras.saving.load_model(tmp_path / "run" / "model.keras").layers
    assert cutout.seed == dense.kernel_initializer.seed == 1  # that of the training


@pytest.fixture(scope="module")
def digits():
    return updates.draw_weights(1), prepare_mnist((784,), 600)


@every_back_end
def test_other_updates_agree_with_those_of_the_large_batch(digits):
    np.testing.assert_allclose(*updates.accumulate(*digits, 1).values(), rtol=1e-5)
    sgd = keras.optimizers.SGD
    _, trained = updates.fit(*digits, 1, updates.in_a_pair(sgd(0.1)))
    _, alone = updates.fit(*digits, 1, sgd(0.1))
    np.testing.assert_allclose(trained[0], alone[0], atol=1e-6)
    _, trained = updates.fit(*digits, 1, updates.in_a_pair(sgd(0.0)))
    assert (trained[0] == digits[0][0]).all() and (trained[2] != digits[0][2]).any()


def test_an_attack_keeps_to_its_limits_and_misleads(few_digits):
    digits = prepare_mnist((784,), 2000)
    model = adversarial.train(keras.Model, digits, seed=1, epochs=3)
    x, y = digits.x_val[:200], digits.y_val[:200]
    right, _, _ = adversarial.judge(model, x, y, 0.1, seed=1)
    assert right["as they are"] > 0.75 and right["noise"] > right["one step"] + 0.3
    assert right["ten steps"] <= right["one step"] + 0.02
    for steps in (1, 10):
        moved = adversarial.attack(model, x, y, 0.1, steps)
        assert np.abs(moved - x).max() <= 0.1 + 1e-6 and moved.min() >= 0 and moved.max() <= 1


@every_back_end
def test_defences_differentiate_the_slope():
    """The penalty is the squared slope, by hand; evaluate reports the plain loss."""
    random = np.random.default_rng(1)
    x, y = random.random((6, 4), dtype="float32"), np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2]]
    inputs = keras.Input((4,))
    model = defences.WithPenalty(inputs, layers.Dense(3)(inputs))
    plain = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.0), plain)
    w, b = model.get_weights()
    probabilities = numpy_of(ops.softmax(x @ w + b))
    slopes = (probabilities - y) @ w.T
    penalty = defences.STRENGTH * (slopes**2).sum(axis=1).mean()
    expected = float(plain(y, x @ w + b))
    assert model.evaluate(x, y, verbose=0) == pytest.approx(expected, rel=1e-4)
    fitted = model.fit(x, y, verbose=0).history["loss"][0]
    assert fitted == pytest.approx(expected + penalty, rel=1e-4)


def test_pairs_are_drawn_as_the_text_says():
    pairs, same, writers = siamese.draw_pairs("validation", 400, np.random.default_rng(1))
    assert pairs.shape == (400, 2, 28, 28) and same.mean() == 0.5
    np.testing.assert_array_equal(writers[:, 0] == writers[:, 1], same)
    assert (np.abs(pairs[:, 0] - pairs[:, 1]).max(axis=(1, 2)) > 0).all()  # never one image twice
    few = np.unique(siamese.writers_of("train"))[::10]
    _, _, drawn = siamese.draw_pairs("train", 50, np.random.default_rng(1), few)
    assert set(drawn.ravel()) <= set(few) and not set(writers.ravel()) & set(few)
    model = siamese.build_model()
    swapped = model.predict(pairs[:8, ::-1], verbose=0)
    np.testing.assert_allclose(model.predict(pairs[:8], verbose=0), swapped, atol=1e-6)


def test_a_file_is_read_batch_by_batch_and_learned_from(tmp_path, monkeypatch):
    monkeypatch.setattr(million_rows, "WAYS", ["PyDataset", "tf.data"])
    monkeypatch.setattr(million_rows, "run_apart", lambda _, *args: million_rows.train(*args))
    ways = million_rows.main(["--rows", "30000", "--outputs", str(tmp_path)])["ways"]
    assert min(one["accuracy"] for one in ways.values()) > 0.6
    million_rows.write_csv(tmp_path / "rows.csv", 250)
    expected = np.sort(million_rows.make_rows(250, seed=0), axis=0)
    batches = million_rows.CsvBatches(tmp_path / "rows.csv", 100)
    theirs = [million_rows.from_tf_data(tmp_path / "rows.csv")["x"] for _ in range(2)]
    ways = ([batches[i] for i in range(len(batches))], *theirs)
    read = [np.concatenate([np.column_stack(batch) for batch in data]) for data in ways]
    for rows in read:
        np.testing.assert_allclose(np.sort(rows, axis=0), expected, atol=1e-4)
    np.testing.assert_array_equal(read[1], read[2])  # a seed decides on the order
    assert (read[1] != read[0]).any()


def test_each_way_reads_each_image_once_in_an_epoch(tmp_path):
    image_files.write_images(tmp_path, 250)
    expected = image_files.in_memory(tmp_path)
    by_row = np.lexsort(expected["x"].reshape(250, -1).T)
    orders = [expected["y"].tolist()]
    for way in ("image_dataset_from_directory", "PyDataset, 2 workers", "tf.data"):
        data = image_files.WAYS[way](tmp_path)["x"]
        for _ in range(2):  # epochs
            batches = [[np.asarray(part) for part in batch] for batch in data]
            assert [len(y) for _, y in batches] == [100, 100, 50]
            x, y = (np.concatenate(part) for part in zip(*batches, strict=True))
            here = np.lexsort(x.reshape(250, -1).astype("float32").T)
            np.testing.assert_array_equal(x[here], expected["x"][by_row])
            np.testing.assert_array_equal(y[here], expected["y"][by_row])
            orders.append(y.tolist())
            getattr(data, "on_epoch_end", lambda: None)()
        again = [np.asarray(y) for _, y in image_files.WAYS[way](tmp_path)["x"]]
        assert np.concatenate(again).tolist() == orders[-2]  # a seed decides on the order
    assert len(set(map(tuple, orders))) == 7


def test_a_buffer_shuffles_only_as_far_as_it_reaches():
    random = np.random.default_rng(1)
    assert pitfalls.freeze_order() == {"after": True, "before": False}
    assert [*pitfalls.shuffled(20, 1, random)] == list(range(20))
    near, far = ([*pitfalls.shuffled(1000, buffer, random)] for buffer in (10, 1000))
    assert sorted(near) == sorted(far) == list(range(1000))
    assert all(value <= place + 10 for place, value in enumerate(near))
    assert np.corrcoef(far, range(1000))[0, 1] < 0.2 < 0.9 < np.corrcoef(near, range(1000))[0, 1]


def test_sorted_batches_come_in_their_order(monkeypatch, few_digits):
    """By itself fit would shuffle them, and the text would speak of an order that nothing had."""
    fed = []
    monkeypatch.setattr(keras.Model, "fit", lambda *data, **how: fed.append((data[1], how)))
    monkeypatch.setattr(pitfalls, "validate", lambda *_: 0.5)
    monkeypatch.setattr(pitfalls, "BUFFERS", [1])
    pitfalls.sort_and_shuffle(prepare_mnist((28, 28, 1), 1000), epochs=2)
    ((batches, how),) = fed
    digits = np.concatenate([batches[i][1].argmax(axis=1) for i in range(len(batches))])
    assert (np.diff(digits) >= 0).all() and len(digits) == 1000 and how["shuffle"] is False


@every_back_end
def test_a_slow_input_is_found():
    seconds = {"a": iter([5.0, 1, 2, 3]).__next__}  # the first one compiles
    assert slow_place.take_turns(seconds, rounds=3, batches=2) == {"a": 1000}
    data = slow_place.Turned(prepare_mnist((28, 28, 1), 200))
    first = data[1]
    np.testing.assert_array_equal(first[0], data[1][0])
    data.on_epoch_end()  # the next epoch has other angles
    assert np.abs(data[1][0] - first[0]).max() > 0.5
    found = slow_place.profile_python(lambda: slow_place.read(data))
    assert "spline" in " ".join(one["name"] for one in found)
    model = slow_place.compiled("perceptron")
    found = slow_place.profile_step(lambda: slow_place.train(model, data))
    assert 0.5 < sum(one["share"] for one in found) <= 1.001


@pytest.mark.slow
def test_settings_change_the_time_and_not_what_is_learned():
    digits = prepare_mnist((28, 28, 1), 640)
    kinds = ("fit", "own_step", "steps_per_execution", "float16")
    losses = {kind: faster.make_epoch("perceptron", kind, digits)()[1] for kind in kinds}
    expected = pytest.approx(losses["fit"], rel=1e-4)
    assert losses["own_step"] == expected and losses["steps_per_execution"] == expected
    assert losses["fit"] != losses["float16"] == pytest.approx(losses["fit"], rel=0.02)


def test_seconds_are_compared_as_ratios_of_the_same_round():
    times = {"fit": {"seconds": [1.0, 4.0]}, "own_step": {"seconds": [2.0, 2.0]}}
    found = faster.compare({"perceptron": times})["perceptron"]["own_step"]
    assert found["ratio"] == pytest.approx((2 * 0.5) ** 0.5)
