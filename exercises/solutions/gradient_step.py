def gradient_step(x, y, weights, learning_rate):
    errors = x @ weights - y
    gradient = 2 * errors @ x / len(x)
    return weights - learning_rate * gradient
