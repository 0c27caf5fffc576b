"""Machinery of the edition: pages that compute in the browser, without a server or a network.

The page that shows a network thinking is that of visualizing/live, with the shipped network inside
and with answers.js in place of the service. The playground trains small networks. The page of the
GPT has that of assets/models/shakespeare inside.
"""

import base64
import io
import json
import re
import shutil
import zipfile

import h5py
import numpy as np
from jinja2 import Environment, FileSystemLoader

from utils.runs import ROOT

HERE = ROOT / "playground"
MODEL = ROOT / "assets" / "models" / "conv_net.keras"
DIGITS = ROOT / "assets" / "data" / "mnist.npz"
SHAKESPEARE = ROOT / "assets" / "models" / "shakespeare"
# An image of each digit that validates: the test images are not for looking.
SHOWN = [889, 905, 584, 875, 897, 768, 794, 426, 756, 744]
SERVICE = ROOT / "serialization" / "rest"
LIVE = ROOT / "visualizing" / "live"
WRITE = ROOT / "text" / "gpt" / "live"
PLACES = {"block_start_string": "<!--%", "block_end_string": "%-->"}  # as in think.py
PAGE = """<!--% extends "think.html" %-->
<!--% block back %--><nav aria-label="Way back"><a href="../index.html">Keras Tutorial</a> ›
<a href="PAGES.html">Pages that compute</a></nav><!--% endblock %-->
<!--% block about %-->{{ super() }} Choose a pixel of a map: you see the sum that made it.
<!--% endblock %-->
<!--% block head %-->{{ super() }}
<link rel="stylesheet" href="pixels.css">
<script src="network_data.js" defer></script>
<script src="numbers.js" defer></script>
<script src="network.js" defer></script>
<script src="answers.js" defer></script>
<script src="pixels.js" defer></script>
<!--% endblock %-->"""


def pack(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def open_network(path):
    """Return the settings of a network's layers, and the open file of its weights.

    They are read without Keras, which the edition does not need otherwise.
    """
    with zipfile.ZipFile(path) as archive:
        layers = json.loads(archive.read("config.json"))["config"]["layers"]
        return layers, h5py.File(io.BytesIO(archive.read("model.weights.h5")))


def gpt_data():
    """Return the sizes of the shipped GPT, its alphabet, and its weights by name."""
    layers, file = open_network(SHAKESPEARE / "gpt_checkpoint.keras")
    settings = {layer["class_name"]: layer["config"] for layer in layers}
    attention, weights = settings["CausalAttention"], {}
    for layer in file["layers"].values():
        name = layer["vars"].attrs["name"]
        own = {name: layer} if "0" in layer["vars"] else {}
        inner = {name.replace("attention", part): layer[part] for part in layer if part != "vars"}
        for part, one in (own | inner).items():
            weights[part] = pack(np.asarray(one["vars"]["0"], "float32"))
    return {
        "alphabet": json.loads((SHAKESPEARE / "settings.json").read_text("utf-8"))["alphabet"],
        "context": settings["InputLayer"]["batch_shape"][1],
        "blocks": sum(layer["class_name"] == "CausalAttention" for layer in layers),
        "heads": attention["heads"],
        "groups": attention["groups"],
        "epsilon": settings["RMSNormalization"]["epsilon"],
        "weights": weights,
    }


def network_data():
    """Return layers, weights and limits of the shipped network, and a digit of each kind."""
    (_, *found), file = open_network(MODEL)  # the first is the input
    layers, weights = [], []
    for layer in found:
        kind, settings = layer["class_name"], layer["config"]
        (side, *_) = settings.get("kernel_size", [1])
        entry = {"name": settings["name"], "kind": kind, "side": side}
        layers.append(entry | {"activation": settings.get("activation")})
        if kind in ("Conv2D", "Dense"):
            variables = file["layers"][settings["name"]]["vars"]
            weights += [pack(np.asarray(variables[key], "float32")) for key in ("0", "1")]
    with np.load(DIGITS) as arrays:
        digits = [pack(image) for image in arrays["x_train"][SHOWN]]
    limits = json.loads(MODEL.with_suffix(".json").read_text(encoding="utf-8"))
    return {"layers": layers, "weights": weights, "limits": limits, "digits": digits}


def in_the_edition(html):
    """Return a page that works from the project's folder with the links that the edition has."""
    html = html.replace("../serialization/rest/static/", "static/")
    return re.sub(r'(href="[\w./]+)\.md\b', r"\1.html", html.replace("README.md", "index.html"))


def write_pages(folder):
    """Write the pages, with all that they need, to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(SERVICE / "static", folder / "static", dirs_exist_ok=True)
    shutil.copytree(LIVE / "static", folder / "watch", dirs_exist_ok=True)
    for file in (*HERE.glob("*.js"), *HERE.glob("*.css")):
        shutil.copy(file, folder)
    for file in HERE.glob("*.html"):
        text = in_the_edition(file.read_text(encoding="utf-8"))
        (folder / file.name).write_text(text, encoding="utf-8")
    data = f"const DATA = {json.dumps(network_data())};\n"
    (folder / "network_data.js").write_text(data, encoding="utf-8")
    templates = FileSystemLoader([LIVE / "templates", SERVICE / "templates"])
    page = Environment(loader=templates, autoescape=True, **PLACES).from_string(PAGE).render()
    (folder / "digits.html").write_text(page, encoding="utf-8")
    data = f"const GPT = {json.dumps(gpt_data())};\n"
    (folder / "gpt_data.js").write_text(data, encoding="utf-8")
    shutil.copy(WRITE / "static" / "write.css", folder)
