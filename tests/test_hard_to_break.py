"""What comes from outside and is not as it should be is refused in one line, where it is opened."""

import ast
import functools
import io
import json
import os
import shutil
import struct
import tracemalloc
import zipfile
from pathlib import Path

import damage
import h5py
import keras
import numpy as np
import pytest
from bad_images import image_file
from conftest import ROOT, failure, finished_run
from PIL import Image, ImageFile
from test_house import SCRIPTS

from mnist import finished
from serialization.rest import ship_model
from utils import loading, pictures, schemas
from utils.pictures import PictureError, TooLargeError, open_picture
from visualizing.debugging import doctor

UNPICKLE = {"pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal", "read_pickle"}
SHIPPED = ROOT / "assets" / "models" / "conv_net.keras"


def test_a_network_that_diverged_is_not_served(tmp_path):
    """As after one step with a learning rate of 1e30: finite weights are not enough."""
    path, model = tmp_path / "conv_net.keras", keras.saving.load_model(SHIPPED)
    for value in (np.nan, 1e30):
        model.set_weights([np.full_like(weights, value) for weights in model.get_weights()])
        model.save(path)
        shipping = ["--refit", "--model", str(path)]
        assert failure(ship_model.main, shipping).endswith(loading.DIVERGED)
        assert loading.load_model(path, diverged=True).name == "conv_net"
    (tmp_path / "results.json").write_text(json.dumps(finished_run("conv_net")))
    rows = "epoch,loss,accuracy,val_loss,val_accuracy\n1,nan,0.1,nan,0.1\n"
    (tmp_path / "conv_net_history.csv").write_text(rows)
    found = doctor.examine_run(tmp_path)["conv_net"]  # which is there for such networks
    assert found["diverged"] == "the loss is no number from epoch 1 on: lower the rate"


@pytest.mark.parametrize("kind", ["predictions", "history", "releases"])
def test_damaged_runs_end_with_one_line_or_do_no_harm(kind, tmp_path, monkeypatch):
    """A slice of what damage.py tries, of those that take no time."""
    monkeypatch.chdir(tmp_path)
    cases = [*damage.run_kind(kind, range(8), 1, tmp_path, monkeypatch.setattr)][1::2]
    assert [one for one in cases if one["wrong"]] == []
    assert any(one["code"] is None for one in cases), "undamaged ones, at least"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("accuracy", 1.7, "is 1.7: it should be less than or equal to 1"),
        ("accuracy", True, "is True: it should be a valid number"),
        ("accuracy", float("nan"), "is nan: it should be a finite number"),
        ("images", 10**40, "it should be less than or equal to 4294967295"),
        ("errors", None, "is None: it should be a valid integer"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(key, value, said, tmp_path):
    run = finished_run("a")
    scores = run["models"]["a"]["validation"] = run["models"]["a"]["validation"] | {key: value}
    (tmp_path / "results.json").write_text(json.dumps(run))
    line = failure(finished.load_finished, tmp_path)
    assert "is not a folder of a finished run on MNIST: in results.json, models.a.vali" in line
    assert said in line and len(line) < 300
    del scores[key]
    (tmp_path / "results.json").write_text(json.dumps(run))
    line = failure(finished.load_finished, tmp_path)
    assert f"models.a.validation.{key} is missing. Make it anew." in line
    (tmp_path / "results.json").write_text(json.dumps(run | {"models": {}}))
    assert "in results.json, models is {}" in failure(finished.load_finished, tmp_path)


def test_names_may_be_in_any_language_and_command_no_terminal():
    names = ["Größe", "什么", "a\N{NO-BREAK SPACE}b", "?"]
    assert schemas.check(names, schemas.Names) == names
    for bad in ("", "a\x1b[2J", "a\nb", "\ud800", "\u202eb", 1, "a" * 1_001):
        with pytest.raises(ValueError, match=r"^1 is .*: "):
            schemas.check(["a", bad], schemas.Names)


def test_arrays_are_looked_at_before_they_are_unpacked(tmp_path, monkeypatch):
    path, header = tmp_path / "a.npz", io.BytesIO()
    np.savez(path, a=[1.5], b=["text"])
    arrays = schemas.read_arrays(path, "a")
    assert (arrays["a"], arrays["b"]) == ([1.5], ["text"])
    assert "needs the arrays a and c" in failure(schemas.read_arrays, path, "a", "c")
    finite = functools.partial(schemas.read_arrays, path, "a", finite=True)
    assert finite()["b"] == ["text"]
    for bad in (["text"], [np.nan, 1], [-np.inf]):
        np.savez(path, a=bad)
        assert "where numbers belong" in failure(finite)
    # Whatever a damaged or hostile file holds, numpy makes no array of it.
    monkeypatch.setattr(np.lib.format, "read_array", None)
    about = {"descr": "|u1", "fortran_order": False, "shape": (10**6, 10**6)}
    np.lib.format.write_array_header_1_0(header, about)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.npy", header.getvalue())
    assert "of shape (1000000, 1000000), and only" in failure(schemas.read_arrays, path)
    for array, said in (([None], "an array of object"), ([1j], "an array of complex128")):
        np.savez(path, a=array)
        assert said in failure(schemas.read_arrays, path)
    monkeypatch.setattr(schemas, "BYTES", 10_000)
    np.savez_compressed(path, a=np.zeros(10_000))
    assert "more than 10,000 bytes" in failure(schemas.read_arrays, path)


def test_a_long_description_is_not_decoded(tmp_path, monkeypatch):
    other = tmp_path / "a.h5"
    with h5py.File(other, "w") as file:
        file.attrs["model_config"] = "[" * 2_000
    monkeypatch.setattr(loading, "LONGEST", 1_000)
    monkeypatch.setattr(loading.json, "loads", None)
    short = tmp_path / ".keras"  # which Keras takes for a zip file, too
    shutil.copy(SHIPPED, short)
    for path in (SHIPPED, short, other):
        with pytest.raises(ValueError, match="description has more than 1,000 bytes"):
            loading.read_description(path)


def test_whatever_is_wrong_with_a_model_file_is_one_line(tmp_path):
    path = tmp_path / "deep.keras"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("metadata.json", "[" * 100_000)
    assert "not one that Keras has written" in failure(loading.load_model, path)


def test_no_script_unpickles():
    """A pickle is a program. NumPy, pandas and joblib would load one, too."""
    for path in SCRIPTS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in getattr(node, "names", []) if hasattr(one, "name")]
            names += [getattr(node, "module", None) or "", getattr(node, "attr", "")]
            roots = {one.split(".")[0] for one in names}
            assert not roots & UNPICKLE, path
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert ast.unparse(node.value) == "False", path


def test_an_image_that_costs_too_much_is_not_unpacked(tmp_path, monkeypatch):
    Image.new("1", (13_000, 13_000)).save(tmp_path / "panorama.png")
    Image.new("L", (100, 100)).save(tmp_path / "slow.jpg", progressive=True)
    slow = (tmp_path / "slow.jpg").read_bytes()
    assert open_picture(tmp_path / "slow.jpg").size == (100, 100)
    scan = slow[slow.rindex(b"\xff\xda") : -2]
    (tmp_path / "slow.jpg").write_bytes(slow[:-2] + 100 * scan + slow[-2:])
    parts = ["parts", "filling", "hidden", "skipped", "chunks", "EXIF", "eXIf", "8BIM", "SOF"]
    parts += ["no end", "passed over", "strips", "profiles"]
    shared = ["shared strips", "strips of JPEG"]
    for name in parts + shared:
        (tmp_path / name).write_bytes(image_file(name))
    monkeypatch.setattr(ImageFile.ImageFile, "load", None)  # whoever unpacks an image calls it
    for name, said, limit in [
        ("panorama.png", "an image may have 150,000,000 as PNG", {}),
        ("slow.jpg", "too many scans", {}),
        *((name, "too many parts", {}) for name in parts),
        *((name, "too much in its strips", {}) for name in shared),
        ("slow.jpg", "too many bytes", {"BYTES": 100}),
    ]:
        for constant, value in limit.items():
            monkeypatch.setattr(pictures, constant, value)
        with pytest.raises(TooLargeError, match=said):
            open_picture(tmp_path / name)
    with pytest.raises(PictureError, match="No such file"):
        open_picture(Path("missing.png"))


def test_the_tags_of_a_photograph_may_not_be_larger_than_it(tmp_path):
    """3,000 tags that all name the same 60 KB: what Pillow 11 and 12 unpacked to 180 MB."""
    tags, place = 3_000, 8 + 2 + 3_000 * 12 + 4
    entries = b"".join(struct.pack("<HHII", 700 + n, 1, 60_000, place) for n in range(tags))
    exif = b"II*\0\x08\0\0\0" + struct.pack("<H", tags) + entries + bytes(4)
    Image.new("L", (8, 8)).save(tmp_path / "a.png", exif=exif + bytes(60_000))
    tracemalloc.start()
    assert len(open_picture(tmp_path / "a.png").getexif()) < tags
    assert tracemalloc.get_traced_memory()[1] < 100e6  # 67 MB are for the bytes of a large file
    tracemalloc.stop()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
@pytest.mark.parametrize("script", ["load_model", "answer"])
def test_a_named_pipe_is_not_waited_for(script, load_script, tmp_path):
    lesson, probe = load_script(f"serialization/{script}.py"), {"inputs": np.zeros((1, 2))}
    os.mkfifo(path := tmp_path / "model.tflite")  # noqa: TID251  skipped there
    with pytest.raises(OSError, match="not a file"):
        lesson.measure(path, probe)
