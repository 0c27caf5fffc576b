"""A convolution: a kernel moves over an image and adds up what it sees, with its weights.

image: (height, width, channels); kernels: (size, size, channels, filters); biases: (filters,);
stride: the pixels from one place to the next. No padding: the window stays inside the image.
Returns the maps, (rows, columns, filters), with (height - size) // stride + 1 rows.

    >>> image = np.arange(9.0).reshape(3, 3, 1)
    >>> kernels = np.array([[1.0, 0.0], [0.0, -1.0]]).reshape(2, 2, 1, 1)
    >>> convolve(image, kernels, np.array([10.0]), 1)[:, :, 0]
    array([[6., 6.],
           [6., 6.]])

Check: python exercises/check.py convolve
Chapter: cnn/README.md#convolution-by-hand
"""

import numpy as np


def convolve(image, kernels, biases, stride):
    raise NotImplementedError
