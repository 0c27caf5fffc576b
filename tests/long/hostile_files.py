"""Machinery of the tests: strangers' model files, each of which wants what it must not get.

It wants to run a program, to read a file of the bait into the network, or to write there. Used by
hostile_models.py.
"""

import copy
import io
import json
import stat
import zipfile

import h5py
import keras


@keras.saving.register_keras_serializable("tests")
class Known(keras.layers.Layer):
    """A layer that a script has registered."""


def thing(module, name, config=None, **more):
    """Return how config.json names a layer, or what else has a configuration."""
    config = {} if config is None else config
    return {"module": module, "class_name": name, "config": config, "registered_name": None} | more


def function(module, name):
    """Return how config.json names a function."""
    return thing(module, "function", name, registered_name=name)


def bad_parts(bait):
    """Return {name: what a description may hold in place of a part of a network}."""
    ran, words = str(bait / "ran"), str(bait / "words.txt")
    code = eval(f"lambda x: (open({ran!r}, 'w'), x)[1]")
    code = keras.saving.serialize_keras_object(keras.layers.Lambda(code))
    marshalled = code["config"]["function"]
    dense = keras.saving.serialize_keras_object(keras.layers.Dense(10))
    named = """os.system posix.system os.getcwd subprocess.getoutput builtins.exec builtins.print
        builtins.open importlib.import_module numpy.fromfile strange.run strange.relu
        keras.utils.get_file keras.utils.plot_model keras.utils.load_img keras.saving.load_model
        keras.datasets.mnist.load_data keras.config.enable_unsafe_deserialization
        keras.src.utils.file_utils.makedirs keras.ops.custom_gradient"""
    parts = {f"function {one}": function(*one.rsplit(".", 1)) for one in named.split()}
    text = {"standardize": None, "split": None, "ngrams": None, "output_mode": "int"}
    classes = {
        "subprocess.Popen": {"args": ["touch", ran]},
        "strange.Dense": {"units": 10},
        "strange.Trap": {},
        "pathlib.Path": {},
        "keras.utils.get_file": {"fname": ran, "origin": (bait / "words.txt").as_uri()},
        "keras.utils.image_dataset_from_directory": {"directory": str(bait)},
        "keras.applications.ResNet50": {"weights": str(bait / "secret.weights.h5")},
        "keras.callbacks.CSVLogger": {"filename": ran},
        "keras.callbacks.BackupAndRestore": {"backup_dir": str(bait)},
        "keras.callbacks.LambdaCallback": {"on_train_begin": marshalled},
        "keras.models.clone_model": {"model": dense},
        "keras.layers.TFSMLayer": {"filepath": str(bait), "call_endpoint": "serve"},
        "keras.layers.TorchModuleWrapper": {"module": "gASVAA=="},
        "keras.layers.JaxLayer": {"call_fn": marshalled, "init_fn": marshalled},
        "keras.layers.FlaxLayer": {"module": marshalled},
        "keras.layers.StringLookup": {"vocabulary": words},
        "keras.layers.IntegerLookup": {"vocabulary": words},
        "keras.layers.TextVectorization": text | {"vocabulary": words},
        "keras.layers.TextVectorization, splits": text | {"split": function("os", "system")},
        "keras.layers.Lambda, os.system": {"function": function("os", "system"), "arguments": {}},
        "keras.layers.Lambda, a name": {"function": "os.system"},
        "keras.layers.Lambda, legacy": {"function": marshalled["config"]},
        "keras.layers.TimeDistributed": {"layer": code},
        "keras.layers.Bidirectional": {"layer": code, "merge_mode": "concat"},
        "keras.layers.RNN": {"cell": code},
        "keras.layers.Pipeline": {"layers": [code]},
        "keras.Sequential": {"layers": [code], "name": "inner"},
    }
    for name, config in classes.items():
        module, _, kind = name.split(",")[0].rpartition(".")
        parts[name] = thing(module, kind, config)
    known = {"registered_name": "tests>Known"}
    return parts | {
        "Lambda": code,
        "its code alone": marshalled,
        "__lambda__": {"class_name": "__lambda__", "config": marshalled["config"]},
        "__typespec__": {"class_name": "__typespec__", "spec_name": "strange.Trap", "config": [[]]},
        "registered os.system": function("os", "system") | known,
        "registered Popen": thing("subprocess", "Popen", {"args": ["touch", ran]}) | known,
        "shared": code | {"shared_object_id": 1},
        "in lists": [{"a": [{"b": code}]}],
        "words alone": f"__import__('os').system('touch {ran}')",
        "dotted": "os.system",
    }


# Where in config.json a part may stand; the first is tried with all, the others with some.
PLACES = {
    "layer": ("config", "layers", 1),
    "activation": ("config", "layers", 2, "config", "activation"),
    "initializer": ("config", "layers", 2, "config", "kernel_initializer"),
    "regularizer": ("config", "layers", 2, "config", "kernel_regularizer"),
    "dtype": ("config", "layers", 2, "config", "dtype"),
    "shape built": ("config", "layers", 2, "build_config", "input_shape"),
    "loss": ("compile_config", "loss"),
    "metric": ("compile_config", "metrics", 0),
    "optimizer": ("compile_config", "optimizer"),
    "rate": ("compile_config", "optimizer", "config", "learning_rate"),
    "callbacks": ("compile_config", "callbacks"),
    "shape of all": ("build_config", "input_shape"),
    "whole": (),
}
OFTEN = ["Lambda", "registered os.system", "subprocess.Popen"]


def put(description, place, part):
    """Return a copy of a description with another part at a place, a tuple of keys."""
    whole = copy.deepcopy({"": description})
    inner = whole
    for key in ("", *place)[:-1]:
        inner = inner[key]
    inner[("", *place)[-1]] = part
    return whole[""]


def bad_weights(plain, bait):
    """Yield names and the bytes of HDF5 files that hold other files, links, objects or too much."""
    kernel, secret = "layers/dense/vars/0", bait / "secret.h5"
    layout = h5py.VirtualLayout((784, 10), "float32")
    layout[:] = h5py.VirtualSource(secret, "secret", (784, 10))
    array = {"shape": (784, 10), "dtype": "float32"}
    most = {"dtype": "float32", "chunks": (784, 10), "fillvalue": 1, "compression": 9}
    for name, place, new in [
        ("external data", kernel, array | {"external": [(str(bait / "secret.bin"), 0, 31_360)]}),
        ("external link", kernel, h5py.ExternalLink(secret, "secret")),
        ("external group", "layers", h5py.ExternalLink(secret, "/")),
        ("link to a link", kernel, h5py.SoftLink("/way/secret")),
        ("link in a loop", kernel, h5py.SoftLink("/layers/dense")),
        ("virtual", kernel, layout),
        ("texts", kernel, {"data": ["cos\nsystem\n."], "dtype": h5py.string_dtype()}),
        ("references", kernel, array | {"dtype": h5py.ref_dtype}),
        ("huge", kernel, most | {"shape": (784, 2**40)}),
        ("large, of one value", kernel, most | {"shape": (784, 10**6)}),
    ]:
        content = io.BytesIO(plain)
        with h5py.File(content, "r+") as file:
            del file[place]
            file["way"] = h5py.ExternalLink(secret, "/")
            if isinstance(new, h5py.VirtualLayout):
                file.create_virtual_dataset(place, new)
            elif isinstance(new, dict):
                file.create_dataset(place, **new)
            else:
                file[place] = new
            if name != "link to a link":
                del file["way"]
        yield name, content.getvalue()


def pack(parts, path):
    """Write a zip file; parts: names, or ZipInfos, and the contents."""
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts:
            file.writestr(name, content)


def bad_zips(parts, bad, bait):
    """Yield names and the members of .keras files that are odd; bad: a config.json that is, too."""
    outside = "../" * 30 + str(bait / "written").lstrip("/")
    plain, code = list(parts.items()), "import pathlib\npathlib.Path('written').touch()\n"
    link = zipfile.ZipInfo("assets/link")
    link.external_attr, link.create_system = (stat.S_IFLNK | 0o777) << 16, 3
    for name, more in {
        "outside": [(outside, b"x")],
        "outside, assets": [(f"assets/{outside}", b"x")],
        "absolute": [(str(bait / "written"), b"x")],
        "link": [(link, str(bait)), ("assets/link/written", b"x")],
        "what nobody asked for": [
            ("__init__.py", code),
            ("assets/strange.py", code),
            ("model.pkl", b"cos\nsystem\n(S'true'\ntR."),
            (link, str(bait / "secret.h5")),
        ],
        "doubled, bad last": [("config.json", bad)],
        "two weights": [("model.weights.h5", b"\x89HDF"), ("model.weights.npz", b"PK")],
    }.items():
        yield name, plain + more
    first = [("config.json", bad)]
    yield "doubled, bad first", first + plain
    yield "bad, and renamed", [*first, *((n, c) for n, c in plain if n != "config.json")]
    link = copy.copy(link)
    link.filename = "model.weights.h5"
    yield "weights are a link", [*plain[:-1], (link, str(bait / "secret.h5"))]
    for version in ("2.15.0", "3.0.0", "9.9.9", "", None, ["3.15.1"]):
        metadata = ("metadata.json", json.dumps({"keras_version": version}))
        yield f"version {version}", [metadata, *first, plain[-1]]


def hostile_files(folder, bait, bomb=True):
    """Write the files, each into a folder of its own, and return {name: path}."""
    (bait / "words.txt").write_text("one\ntwo\n")
    (bait / "secret.bin").write_bytes(bytes(31_360))
    program = f"import os\nos.system('touch {bait}/ran')\nTrap = Dense = run = relu = print\n"
    (bait / "strange.py").write_text(program)
    with h5py.File(bait / "secret.h5", "w") as file:
        file.create_dataset("secret", data=[[42.0] * 10] * 784, dtype="float32")
        file.create_dataset("dense/vars/0", data=[[42.0] * 10] * 784, dtype="float32")
    layers = [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    model, made = keras.Sequential(layers, name="plain"), {}
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.save(folder / "plain.keras")
    model.save(folder / "plain.h5")
    model.save_weights(bait / "secret.weights.h5")
    with zipfile.ZipFile(folder / "plain.keras") as file:
        order = ("metadata.json", "config.json", "model.weights.h5")
        parts = {name: file.read(name) for name in order}
    description = json.loads(parts["config.json"])

    def place(kind, name, file):
        path = folder / str(len(made)) / file
        path.parent.mkdir()
        made[f"{kind}: {name}"] = path
        return path

    bad = bad_parts(bait)
    tried = [("layer", name) for name in bad]
    tried += [("activation", name) for name in bad if name.startswith("function")]
    tried += [(where, name) for where in [*PLACES][1:] for name in OFTEN]
    tried += [(where, "strange.Dense") for where in [*PLACES][1:6]]  # elsewhere nobody looks
    for where, name in tried:
        text = json.dumps(put(description, PLACES[where], bad[name]))
        pack(
            (parts | {"config.json": text}).items(), place("keras", f"{name} as {where}", "m.keras")
        )
        if where in ("layer", "activation", "loss", "whole"):
            place("json", f"{name} as {where}", "architecture.json").write_text(text)
            path = place("h5", f"{name} as {where}", "m.h5")
            path.write_bytes((folder / "plain.h5").read_bytes())
            with h5py.File(path, "r+") as file:
                file.attrs["model_config"] = text
                file.attrs["training_config"] = json.dumps(json.loads(text).get("compile_config"))
    trap = json.dumps(put(description, PLACES["layer"], bad["Lambda"]))
    for name, members in bad_zips(parts, trap, bait):
        pack(members, place("zip", name, "m.keras"))
    for name, content in bad_weights(parts["model.weights.h5"], bait):
        whole = parts | {"model.weights.h5": content}
        pack(whole.items(), place("weights", name, "m.keras"))
        place("weights alone", name, "m.weights.h5").write_bytes(content)
    for name, text in {
        "deep lists": "[" * 100_000,
        "deep dicts": '{"config": ' * 2_000 + trap + "}" * 2_000,
        "twice a key": trap[:-1] + ', "class_name": "Sequential"}',
        "huge": parts["config.json"].decode().replace('"units": 10', f'"units": {10**12}'),
    }.items():
        pack((parts | {"config.json": text}).items(), place("text", name, "m.keras"))
    path = place("zip", "says that it is huge", "m.keras")
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
        file.infolist()[2].file_size = 2**31
    big = zipfile.ZipFile(place("zip", "a bomb", "m.keras"), "w", zipfile.ZIP_DEFLATED, True, 1)
    with big, big.open("config.json", "w", force_zip64=True) as part:
        for _ in range(2_049 if bomb else 1):
            part.write(bytes(2**20))
    folder = place("folder", "unpacked", "m.keras")
    folder.mkdir()
    for name, content in (parts | {"config.json": trap.encode()}).items():
        (folder / name).write_bytes(content)
    return made
