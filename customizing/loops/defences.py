"""Losses that look at the slope of the loss at the inputs: two models that defend themselves.

    from defences import Adversarial

    model = Adversarial(inputs, outputs)   # compile and fit as usual

`adversarial.py` trains and attacks them. `fit` uses the step of keras.Model on every back end; only
`compute_loss` is new, and it needs a gradient within the loss, which `slope_at` returns.
Chapter: customizing/loops/README.md#images-made-to-be-misread
"""

import keras
from keras import ops

CHANGE = 0.1  # of a pixel, at most; white is 0 and black is 1
STRENGTH = 0.1  # of the gradient penalty


def slope_at(function, x):
    """Return the gradient of function(x), one number, as a tensor that can be differentiated.

    (utils.gradients returns arrays, which cannot.)
    """
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        return tape.gradient(value, x)
    if keras.config.backend() == "jax":
        import jax

        return jax.grad(function)(x)
    import torch

    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(function(x), x, create_graph=True)[0]


class Defended(keras.Model):
    """A model whose loss looks at the slope of the loss at the pixels: once for all back ends.

    `fit` trains it with the step of keras.Model; only compute_loss is new. The network gives
    logits, labels are one-hot, and no layer does something else while it learns, as dropout does.
    """

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        if not training:  # evaluate asks for the plain loss
            return loss

        def total_loss(x):  # a sum, so that the slope of an image does not depend on the others
            return ops.sum(self.loss_of_each(y, self(x)))

        return self.defend(loss, x, y, slope_at(total_loss, x))

    def loss_of_each(self, y, logits):
        return ops.categorical_crossentropy(y, logits, from_logits=True)


class WithPenalty(Defended):
    """Add the mean squared length of the slopes to the loss.

    Source: Drucker and LeCun, "Improving generalization performance using double
    backpropagation", 1992.
    """

    def defend(self, loss, x, y, slopes):
        return loss + STRENGTH * ops.mean(ops.sum(ops.square(slopes), axis=-1))


class Adversarial(Defended):
    """Learn half from the images and half from the same ones, changed to mislead the network.

    Source: Goodfellow, Shlens and Szegedy, "Explaining and harnessing adversarial examples", 2015.
    """

    def defend(self, loss, x, y, slopes):
        misleading = ops.stop_gradient(ops.clip(x + CHANGE * ops.sign(slopes), 0, 1))
        answers = self(misleading, training=True)
        return (loss + ops.mean(self.loss_of_each(y, answers))) / 2
