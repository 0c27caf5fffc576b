"""Gradients of any function of arrays: the one thing that Keras leaves to its back end.

    value, (slope,) = gradients(lambda x: x**2, np.float32(3))   # 9, 6

Maps of importance, activation maximization, the checklist for networks that do not learn, and the
look into recurrent layers all use it.
"""

import keras
from keras import ops


def gradients(function, *arrays):
    """Return function(*arrays), one number, and its gradients, one for each of the arrays.

    The function gets tensors of the back end and computes with layers and `keras.ops`; what
    comes back are numpy arrays.
    """
    differentiate = {
        "tensorflow": with_tensorflow,
        "jax": with_jax,
        "torch": with_torch,
    }[keras.config.backend()]
    value, slopes = differentiate(function, [ops.convert_to_tensor(array) for array in arrays])
    return float(value), [ops.convert_to_numpy(slope) for slope in slopes]


def with_tensorflow(function, tensors):
    import tensorflow as tf

    with tf.GradientTape() as tape:  # remembers what is computed, and goes back over it
        tape.watch(tensors)
        value = function(*tensors)
    return value, tape.gradient(value, tensors, unconnected_gradients="zero")


def with_jax(function, tensors):
    import jax

    return jax.value_and_grad(function, argnums=tuple(range(len(tensors))))(*tensors)


def with_torch(function, tensors):
    import torch

    tensors = [tensor.detach().clone().requires_grad_() for tensor in tensors]
    value = function(*tensors)
    return value.detach(), torch.autograd.grad(value, tensors, materialize_grads=True)


def weight_gradients(
    model, x, y, loss_function=keras.losses.categorical_crossentropy, training=False
):
    """Return {weight: gradient of the mean loss} for inputs x and what should come out, y.

    The names are those of Keras, such as conv2d/kernel. The model stays as it is, and answers as in
    use: dropout rests, and batch normalization takes its moving averages, or as in training.
    """
    weights, fixed = (
        [ops.convert_to_numpy(variable) for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    )

    def loss(*weights):  # as if the model had these weights
        answers, _ = model.stateless_call(weights, fixed, x, training=training)
        return ops.mean(loss_function(y, answers))

    names = ["/".join(v.path.split("/")[-2:]) for v in model.trainable_variables]
    _, slopes = gradients(loss, *weights)
    return dict(zip(names, slopes, strict=True))
