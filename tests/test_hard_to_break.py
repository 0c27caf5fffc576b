"""What comes from outside and is not as it should be is refused in one line, where it is opened."""

import json
import re
import struct
import tracemalloc
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import ROOT, failure, finished_run, spoilt
from PIL import Image, ImageFile

from mnist import finished
from serialization.rest import ship_model
from utils import loading, pictures
from utils.pictures import PictureError, TooLargeError, open_picture
from visualizing.debugging import doctor

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


def test_a_damaged_run_is_refused(tmp_path):
    for bad in ["{", "[" * 100_000, *map(json.dumps, spoilt(finished_run("a")))]:
        (tmp_path / "results.json").write_text(bad)
        try:
            run = finished.load_finished(tmp_path)
        except SystemExit as stop:
            assert re.search("is not a folder of a finished run|another split", stop.code)
            assert "\n" not in stop.code
        else:  # another number is one, too
            assert all(isinstance(one["train"]["errors"], int) for one in run["models"].values())


def test_an_image_that_costs_too_much_is_not_unpacked(tmp_path, monkeypatch):
    Image.new("1", (13_000, 13_000)).save(tmp_path / "panorama.png")
    Image.new("L", (100, 100)).save(tmp_path / "slow.jpg", progressive=True)
    slow = (tmp_path / "slow.jpg").read_bytes()
    assert open_picture(tmp_path / "slow.jpg").size == (100, 100)
    scan = slow[slow.rindex(b"\xff\xda") : -2]
    (tmp_path / "slow.jpg").write_bytes(slow[:-2] + 100 * scan + slow[-2:])
    monkeypatch.setattr(ImageFile.ImageFile, "load", None)  # whoever unpacks an image calls it
    for name, said, limit in [
        ("panorama.png", "an image may have 150,000,000 as PNG", {}),
        ("slow.jpg", "too many scans", {}),
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
