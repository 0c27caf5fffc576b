"""Filed results that take seconds: measured again, they agree with what the pages say."""

import json
import shlex

import keras
import matplotlib.pyplot as plt
import pytest
from records import differences

from book.measuring.measurements import MEASUREMENTS
from utils.files import load_results

# Together about a minute on two cores. What computes for longer is measured once for a release.
AGAIN = [
    "activations", "attention", "backpropagation", "blocks", "cells", "chapters", "cnn_classify",
    "cnn_convolution", "cnn_receptive_field", "concepts", "eight_curves",
    "features", "gpt", "gradient_descent", "initializers", "mnist_convolution", "mnist_figures",
    "network_xor", "neurons", "pixels_drawn", "recurrent_cells", "shapes", "text_ask",
    "through_time", "traffic", "transformer", "xor",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="filed with TensorFlow")
@pytest.mark.parametrize("name", AGAIN)
def test_a_result_comes_out_again(name, load_script, tmp_path):
    keras.utils.clear_session()  # the names of layers count up within a process
    command, figures = MEASUREMENTS[name]
    script, *options = shlex.split(command)
    load_script(script).main([*options, "--outputs", str(tmp_path)])
    new = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert not [*differences(load_results(name), new)]
    assert all(plt.imread(tmp_path / figure).std() > 0.05 for figure in figures)
