import numpy as np


def convolve(image, kernels, biases, stride):
    size = len(kernels)
    rows, columns = ((length - size) // stride + 1 for length in image.shape[:2])
    maps = np.zeros((rows, columns, kernels.shape[3]))
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            seen = image[top : top + size, left : left + size]
            maps[row, column] = np.tensordot(seen, kernels, axes=3) + biases
    return maps
