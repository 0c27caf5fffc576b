"""Machinery of the book: the service of the digits as one would write it for LitServe, to compare.

service_load.py starts it, with a path on which Python finds the project. Needs litserve, which the
book does not. The same network and the same checks as in app.py, in batches, without photographs,
page, counts and known names.
Chapter: serialization/operating/README.md#how-fast
"""

import sys

import litserve
import numpy as np

from serialization.rest.app import Question
from serialization.rest.digits import MODEL, DigitReader


class Digits(litserve.LitAPI):
    def setup(self, device):
        self.reader = DigitReader(MODEL)

    def decode_request(self, request: Question):
        return np.array(request.pixels, "float32")

    def batch(self, inputs):
        return np.stack(inputs)

    def predict(self, x):
        return self.reader.read(x)

    def unbatch(self, output):
        return output

    def encode_response(self, output):
        return output


if __name__ == "__main__":
    server = litserve.LitServer(Digits(max_batch_size=32, batch_timeout=0), accelerator="cpu")
    server.run(port=int(sys.argv[1]), generate_client_file=False)
