"""The table of the chapter on back ends."""

from tables.common import markdown, percent, table
from utils.runs import load_results


@table
def backends():
    names = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
    rows = []
    for backend, scripts in load_results("backends").items():
        if backend in names:
            row = [f"{names[backend]} {scripts['xor']['version'].split()[1].partition('+')[0]}"]
            for name in ("xor", "churn", "mnist"):
                seconds, accuracy = scripts[name]["seconds"], scripts[name]["accuracy"]
                row.append(f"{seconds:.0f} s, {percent(accuracy, 1)}")
            rows.append(row)
    return markdown(["back end", "XOR", "churn, second lesson", "`conv_net`, 3 epochs"], *rows)
