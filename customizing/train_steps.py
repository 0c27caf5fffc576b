"""One step of training, written for each back end: what `fit` does with a batch.

    from train_steps import OwnStep

    model = OwnStep(inputs, outputs)   # a keras.Model like any other, with a train_step of our own

`five_steps.py` trains with it. The three classes do the same: forward, loss, gradients, update,
report. They differ because a TensorFlow or PyTorch model changes its variables, while JAX wants a
function that takes all numbers as arguments and returns the new ones.
Chapter: customizing/README.md#a-step-of-ones-own
"""

import keras
from keras import ops
from keras.utils import unpack_x_y_sample_weight  # the weights are None unless fit gets some


class Reporting(keras.Model):
    """What the three have in common: how the loss and the metrics of a step are counted."""

    def report(self, x, y, answers, loss, weights):
        """Update the metrics, of which the mean of the losses is one; return {name: value}."""
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss, sample_weight=ops.shape(keras.tree.flatten(x)[0])[0])
        return self.compute_metrics(x, y, answers, weights)


class WithTensorFlow(Reporting):
    def train_step(self, data):
        import tensorflow as tf

        x, y, weights = unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:  # remembers what is computed, and goes back over it
            answers = self(x, training=True)
            loss = self.compute_loss(x, y, answers, weights)
            scaled = self.optimizer.scale_loss(loss)  # the same, unless in float16
        gradients = tape.gradient(scaled, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self.report(x, y, answers, loss, weights)


class WithTorch(Reporting):
    def train_step(self, data):
        import torch

        x, y, weights = unpack_x_y_sample_weight(data)
        answers = self(x, training=True)
        loss = self.compute_loss(x, y, answers, weights)
        scaled = self.optimizer.scale_loss(loss)
        values = [variable.value for variable in self.trainable_variables]
        gradients = torch.autograd.grad(scaled, values, allow_unused=True)
        with torch.no_grad():  # the update itself needs no gradient
            self.optimizer.apply(gradients, self.trainable_variables)
        answers = keras.tree.map_structure(lambda answer: answer.detach(), answers)
        return self.report(x, y, answers, loss.detach(), weights)


class WithJax(Reporting):
    def train_step(self, state, data):
        import jax

        x, y, weights = unpack_x_y_sample_weight(data)
        trainable, fixed, of_optimizer, of_metrics = state

        # Forward pass and loss as a function that changes nothing; Keras's own step uses it, too.
        slope = jax.grad(self.compute_loss_and_updates, has_aux=True)
        gradients, (loss, answers, fixed, of_metrics) = slope(
            trainable, fixed, of_metrics, x, y, weights,
            training=True, optimizer_variables=of_optimizer,  # which know the scale
        )  # fmt: skip
        trainable, of_optimizer = self.optimizer.stateless_apply(of_optimizer, gradients, trainable)
        values = zip(self.metrics_variables, of_metrics, strict=True)
        with keras.StatelessScope(values) as scope:
            report = self.report(x, y, answers, loss, weights)
        of_metrics = [scope.get_current_value(v) for v in self.metrics_variables]
        return report, (trainable, fixed, of_optimizer, of_metrics)


OwnStep = {"tensorflow": WithTensorFlow, "jax": WithJax, "torch": WithTorch}[keras.config.backend()]
