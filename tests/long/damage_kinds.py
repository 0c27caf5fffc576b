"""Machinery of the tests: small valid runs and files of each kind, and the scripts that read them.

`damage.py` uses it. A function makes an example in a folder and yields its readers: the path of a
script and its options, with the paths in this folder, such as `run`, between braces. What stands in
the folder `intact` is not damaged.
"""

import json
import shutil

import numpy as np
import pandas as pd
from conftest import ROOT, load
from damage_files import images, network

KINDS = {}


def kind(function):
    KINDS[function.__name__] = function
    return function


def run(script, *options):
    return load(script).main([*map(str, options)])


@kind
def predictions(folder):
    """Two runs of mnist.py, as far as pairs.py and calibration.py read them."""
    from conftest import finished_run

    random = np.random.default_rng(1)
    for number, name in enumerate(["run", "intact"]):
        (folder / name).mkdir()
        answers = random.dirichlet(np.ones(10), 1000).astype("float32")
        np.savez_compressed(folder / name / f"net_{number}_predictions.npz", validation=answers)
        text = json.dumps(finished_run(f"net_{number}"))
        (folder / name / "results.json").write_text(text)
    yield "mnist/pairs.py", "{run} {intact}"
    yield "mnist/studies/calibration.py", "{run}"


@kind
def digits(folder):
    """A whole run of mnist.py."""
    options = ["-m", "mlp_tiny", "--epochs", 2, "--train-samples", 256]
    run("mnist/mnist.py", *options, "--outputs", folder / "run")
    for path in (folder / "run").glob("*.png"):
        path.unlink()
    (folder / "run" / "report.html").unlink()
    yield "visualizing/debugging/doctor.py", "{run}"
    yield "mnist/overfitting/lab.py", "--resume {run}"
    yield "mnist/overfitting/lab.py", "--start-from {run} -m mlp_tiny"
    yield "mnist/studies/compare.py", "{run}"


@kind
def history(folder):
    """Runs of several scripts, side by side in one chapter."""
    for number, script in enumerate(["a", "a", "b"]):
        place = folder / "mnist" / "outputs" / f"run_{number}"
        place.mkdir(parents=True)
        about = {"command": f"python mnist/{script}.py --seed {number}", "code": {"a.py": "1"}}
        model = {"validation": {"accuracy": 0.9, "errors": 3}, "history": {"loss": [2.0, 1.0]}}
        results = {"provenance": about, "settings": {"rate": number, "seed": 1}}
        (place / "results.json").write_text(json.dumps(results | {"models": {"net": model}}))
        table = pd.DataFrame({"epoch": [1, 2], "loss": [0.5, 0.4], "val_loss": [0.6, 0.5]})
        table.to_csv(place / "a_history.csv", index=False)
    yield "reference/my_runs.py", "mnist"


@kind
def table(folder):
    random = np.random.default_rng(1)
    weight = random.random(120)
    rows = {"weight": weight.round(3), "size": random.choice(["big", "small"], 120)}
    rows["day"] = pd.date_range("2026-01-01", periods=120).strftime("%Y-%m-%d")
    rows["target"] = np.where(weight + random.normal(size=120) / 9 > 0.5, "yes", "no")
    rows = pd.DataFrame(rows)
    (folder / "intact").mkdir()
    rows.to_csv(folder / "intact" / "data.csv", index=False)
    rows.to_csv(folder / "rows.csv", index=False)
    rows.to_excel(folder / "sheet.xlsx", index=False)
    options = ["--target", "target", "--epochs", 2, "--hidden", 4]
    for model in ("network", "boosting", "regression"):
        some = [*options, "--model", model, "--outputs", folder / model]
        run("mlp/tables/table.py", "--data", folder / "rows.csv", *some)
        (folder / model / "table.png").unlink()
        yield "mlp/tables/predict.py", f"--model {{{model}}} --rows {{intact}}/data.csv"
    yield "mlp/tables/predict.py", "--model {boosting} --rows {rows.csv}"
    yield "mlp/tables/predict.py", "--model {regression} --rows {sheet.xlsx}"
    yield "mlp/tables/table.py", "--data {rows.csv} --target target"
    yield "mlp/tables/table.py", "--data {sheet.xlsx} --target size"


@kind
def series(folder):
    random, month = np.random.default_rng(1), np.arange(120)
    values = 100 + 20 * np.sin(2 * np.pi * month / 12) + month + random.normal(0, 1, 120)
    times = pd.date_range("2014-01-01", periods=120, freq="MS").strftime("%Y-%m-%d")
    rows = pd.DataFrame({"time": times, "value": values.round(2)})
    rows.to_csv(folder / "series.csv", index=False)
    (folder / "intact").mkdir()
    rows.to_csv(folder / "intact" / "newer.csv", index=False)
    rows.to_csv(folder / "newer.csv", index=False)
    (folder / "days.txt").write_text("2015-12-25\n2016-12-25\n")
    columns = "--time time --value value --horizon 3 --methods"
    for method in ("ridge", "exponential_smoothing", "perceptron"):
        options = [*columns.split(), method, "--outputs", folder / method]
        run("forecasts/forecast.py", "--data", folder / "series.csv", *options)
        (folder / method / "forecast.png").unlink(missing_ok=True)
        yield "forecasts/go_on.py", f"{{{method}}} {{intact}}/newer.csv"
    yield "forecasts/go_on.py", "{ridge} {newer.csv}"
    with_days = f"--data {{series.csv}} --holidays {{days.txt}} {columns} last_value ridge"
    yield "forecasts/forecast.py", with_days


@kind
def gpt(folder):
    import keras

    from text.gpt import characters, gpt
    from utils.files import file_sha256
    from utils.training import SaveCheckpoint

    letters = np.random.default_rng(1).choice(list("abcd \n"), 12_000)
    (folder / "text.txt").write_text("".join(letters), encoding="utf-8")
    (folder / "run").mkdir()
    keras.utils.set_random_seed(3)
    model = gpt.build_gpt(6, context=8, width=16, heads=2, blocks=2, kind=gpt.TODAY)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    model.fit(*characters.windows(np.arange(90) % 6, 8), epochs=1, batch_size=12, verbose=0)
    saver = SaveCheckpoint(folder / "run", "gpt", {})
    saver.set_model(model)
    saver.on_epoch_end(0, {"loss": 1.0, "val_loss": 1.0, "seconds": 1.0})
    settings = {"data": str(folder / "text.txt"), "alphabet": "\n abcd", "steps": 1, "seed": 1}
    settings |= {"batch_size": 12, "sha256": file_sha256(folder / "text.txt")}
    (folder / "run" / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    yield "text/gpt/generate.py", "{run} --length 9 --prompt abc"
    yield "text/gpt/heads.py", "{run}"
    yield "text/gpt/shakespeare.py", "--resume {run}"
    yield "text/gpt/ngrams.py", "--data {text.txt} --order 2"
    yield "text/gpt/ngrams.py", "--run {run} --order 2"
    yield "text/pieces.py", "--data {text.txt} --sizes 260"


@kind
def messages(folder):
    lines = (ROOT / "text" / "sms_spam.tsv").read_text(encoding="utf-8").split("\n")[:300]
    (folder / "mine.tsv").write_text("\n".join(lines), encoding="utf-8")
    rows = pd.DataFrame([line.split("\t", 1) for line in lines], columns=["kind", "said"])
    rows.to_csv(folder / "mine.csv", index=False)
    learn = ["--model", "words", "--data", folder / "mine.tsv", "--keep"]
    run("text/ask.py", "free prize, call now", *learn, "--outputs", folder / "run")
    (folder / "run" / "results.json").unlink()
    yield "text/ask.py", "hello --model {run}"
    yield "text/ask.py", "--rows {mine.csv} --model {run}"
    yield "text/ask.py", "hello --model words --data {mine.csv} --columns kind said"
    yield "text/ask.py", "hello --model words --data {mine.tsv}"


@kind
def drill(folder):
    (folder / "score").mkdir()
    one = {"seed": 1, "fault": "healthy", "doctor": "healthy", "told": "healthy", "accuracy": 0.9}
    (folder / "score" / "runs.json").write_text(json.dumps([one, one | {"seed": 2}]))
    (folder / "answered").mkdir()
    about = {"seed": 3, "fault": "healthy", "doctor": "healthy", "answer": "healthy"}
    (folder / "answered" / "results.json").write_text(json.dumps(about))
    yield "visualizing/debugging/drill.py", "--score 2 --outputs {score}"
    yield "visualizing/debugging/drill.py", "--outputs {new}"


@kind
def arrays(folder):
    """What reads arrays of numbers from a stranger's file."""
    import keras

    random = np.random.default_rng(1)
    x, y = random.normal(size=(60, 4)).astype("float32"), np.arange(60) % 3
    np.savez(folder / "mine.npz", x=x, y=y)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, verbose=0)
    model.save(folder / "mine.keras")
    np.savez(folder / "probe.npz", inputs=x, predictions=model.predict(x, verbose=0), labels=y)
    run(
        "serialization/save_model.py", "--model", folder / "mine.keras", "--outputs", folder / "run"
    )
    yield "visualizing/debugging/checklist.py", "--model {mine.keras} --data {mine.npz}"
    yield "serialization/answer.py", "{mine.keras} {probe.npz}"
    yield "serialization/load_model.py", "{run}"
    yield "serialization/load_model.py", "{mine.keras}"
    yield "serialization/look_inside.py", "{mine.keras}"


@kind
def releases(folder):
    for name in ("conv_net.tflite", "conv_net.json"):
        shutil.copy(ROOT / "assets" / "models" / name, folder)
    served = load("serialization/operating/releases.py")
    served.copy(folder / "conv_net.tflite", folder / "served")
    name = next((folder / "served").glob("*.tflite")).name
    (folder / "served" / "current.json").write_text(json.dumps(["old.tflite", name]))
    images(folder / "photos", 1)
    yield "serialization/operating/releases.py", "--back --folder {served}"
    yield "serialization/operating/releases.py", "{conv_net.tflite} --folder {served}"
    yield "serialization/rest/read.py", "{photos}/0.png --model {conv_net.tflite}"


@kind
def networks(folder):
    """Networks that read images, with the names of their classes, and photographs."""
    images(folder / "photos")
    network(folder / "transfer.keras", (32, 32, 3), 3)
    (folder / "transfer.json").write_text('["cat", "dog", "cow"]')
    network(folder / "own_masks.keras", (32, 32, 3), 3, grid=True)
    (folder / "own_masks.json").write_text('{"0": "nothing", "1": "road", "2": "tree"}')
    yield "cnn/classify.py", "{photos} --model {transfer.keras}"
    yield "cnn/segmentation/label.py", "{own_masks.keras} {photos}"
    yield "visualizing/own_network.py", "--model {transfer.keras} --images {photos}/0.png"
    yield "serialization/look_inside.py", "{own_masks.keras}"


@kind
def pictures(folder):
    """Folders of images to learn from: with masks, with boxes."""
    from PIL import Image

    images(folder / "images", 10)
    (folder / "masks").mkdir()
    for path in (folder / "images").iterdir():
        bright = 255 * (np.asarray(Image.open(path).convert("L")) > 100)
        Image.fromarray(bright.astype("uint8")).save(folder / "masks" / f"{path.stem}.png")
    (folder / "classes.txt").write_text("0 dark\n255 bright\n")
    names = sorted(path.name for path in (folder / "images").iterdir())
    boxes = pd.DataFrame({"file": names, "label": "bright", "left": 20, "top": 0})
    boxes.assign(right=50, bottom=40).to_csv(folder / "boxes.csv", index=False)
    yield "cnn/segmentation/own_masks.py", "--data {.} --size 32"
    yield "cnn/segmentation/boxes.py", "--data {.}"
