"""What comes from outside and is not as it should be is refused in one line, where it is opened."""

import io
import json
import re
import zipfile
from pathlib import Path

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

UNPICKLES = re.compile(
    r"^\s*(import|from) (pickle|joblib|dill|cloudpickle|shelve|marshal)\b|\bread_pickle\b|"
    r"allow_pickle=(?!False)",
    re.MULTILINE,
)
SHIPPED = ROOT / "assets" / "models" / "conv_net.keras"


def test_a_network_that_diverged_is_not_served(tmp_path):
    """As after one step with a learning rate of 1e30: finite weights are not enough."""
    path, model = tmp_path / "conv_net.keras", keras.saving.load_model(SHIPPED)
    model.set_weights([np.full_like(weights, 1e30) for weights in model.get_weights()])
    model.save(path)
    said = failure(ship_model.main, ["--refit", "--model", str(path)])
    assert said.endswith(loading.DIVERGED)
    assert loading.load_model(path, diverged=True).name == "conv_net"
    (tmp_path / "results.json").write_text(json.dumps(finished_run("conv_net")))
    rows = "epoch,loss,accuracy,val_loss,val_accuracy\n1,nan,0.1,nan,0.1\n"
    (tmp_path / "conv_net_history.csv").write_text(rows)
    found = doctor.examine_run(tmp_path)["conv_net"]  # which is there for such networks
    assert "from epoch 1 on: lower the rate" in found["diverged"]


def test_what_does_not_fit_is_said_in_a_sentence(tmp_path):
    run = finished_run("a")
    scores = run["models"]["a"]["validation"] = run["models"]["a"]["train"] | {"accuracy": 1.7}
    (tmp_path / "results.json").write_text(json.dumps(run))
    line = failure(finished.load_finished, tmp_path)
    assert "in results.json, models.a.validation.accuracy is 1.7: it should be less than" in line
    del scores["accuracy"]
    (tmp_path / "results.json").write_text(json.dumps(run))
    line = failure(finished.load_finished, tmp_path)
    assert "models.a.validation.accuracy is missing. Make it anew." in line


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
    for bad in (["text"], [np.nan, 1]):
        np.savez(path, a=bad)
        said = failure(lambda: schemas.read_arrays(path, "a", finite=True))
        assert "where numbers belong" in said
    # Whatever a damaged or hostile file holds, numpy makes no array of it.
    monkeypatch.setattr(np.lib.format, "read_array", None)
    about = {"descr": "|u1", "fortran_order": False, "shape": (10**6, 10**6)}
    np.lib.format.write_array_header_1_0(header, about)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.npy", header.getvalue())
    assert "of shape (1000000, 1000000), and only" in failure(schemas.read_arrays, path)
    np.savez(path, a=[None])  # it would be unpickled
    assert "an array of object" in failure(schemas.read_arrays, path)
    monkeypatch.setattr(schemas, "BYTES", 10_000)
    np.savez_compressed(path, a=np.zeros(10_000))
    assert "more than 10,000 bytes" in failure(schemas.read_arrays, path)


def test_a_long_description_is_not_decoded(tmp_path, monkeypatch):
    other = tmp_path / "a.h5"
    with h5py.File(other, "w") as file:
        file.attrs["model_config"] = "[" * 2_000
    monkeypatch.setattr(loading, "LONGEST", 1_000)
    monkeypatch.setattr(loading.json, "loads", None)
    for path in (SHIPPED, other):
        with pytest.raises(ValueError, match="description has more than 1,000 bytes"):
            loading.read_description(path)


def test_no_script_unpickles():
    """A pickle is a program. NumPy, pandas and joblib would load one, too."""
    for path in SCRIPTS:
        assert not UNPICKLES.search(path.read_text(encoding="utf-8")), path


def test_an_image_that_costs_too_much_is_not_unpacked(tmp_path, monkeypatch):
    Image.new("1", (13_000, 13_000)).save(tmp_path / "panorama.png", compress_level=1)
    Image.new("L", (100, 100)).save(tmp_path / "slow.jpg", progressive=True)
    slow = (tmp_path / "slow.jpg").read_bytes()
    assert open_picture(tmp_path / "slow.jpg").size == (100, 100)
    scan = slow[slow.rindex(b"\xff\xda") : -2]
    (tmp_path / "slow.jpg").write_bytes(slow[:-2] + 100 * scan + slow[-2:])
    parts = ["filling", "hidden", "skipped", "chunks", "EXIF", "eXIf", "8BIM", "SOF", "no end"]
    parts += ["passed over", "strips", "profiles"]
    shared = ["shared strips", "strips of JPEG"]
    for name in parts + shared:
        (tmp_path / name).write_bytes(image_file(name))
    monkeypatch.setattr(ImageFile.ImageFile, "load", None)  # whoever unpacks an image calls it
    for name, said in [
        ("panorama.png", "an image may have 150,000,000 as PNG"),
        ("slow.jpg", "too many scans"),
        *((name, "too many parts") for name in parts),
        *((name, "too much in its strips") for name in shared),
    ]:
        with pytest.raises(TooLargeError, match=said):
            open_picture(tmp_path / name)
    monkeypatch.setattr(pictures, "BYTES", 100)
    with pytest.raises(TooLargeError, match="too many bytes"):
        open_picture(tmp_path / "slow.jpg")
    with pytest.raises(PictureError, match="No such file"):
        open_picture(Path("missing.png"))
