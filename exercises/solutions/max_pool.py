def max_pool(maps, size):
    rows, columns = maps.shape[0] // size, maps.shape[1] // size
    squares = maps[: rows * size, : columns * size]
    squares = squares.reshape(rows, size, columns, size, -1)
    return squares.max(axis=(1, 3))
