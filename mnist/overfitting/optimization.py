"""Optimizers for mnist.py, and how their learning rate changes during training.

Chapter: mnist/overfitting/README.md#learning-rate-schedules
"""

from keras import optimizers

from utils.optimizers import OPTIMIZERS

SCHEDULES = ["constant", "step", "exponential", "cosine", "plateau"]


def make_optimizer(settings, steps):
    """Return the optimizer that the settings of a run ask for, for a training of so many steps."""
    build = OPTIMIZERS[settings.optimizer]
    rate = settings.learning_rate or float(build().learning_rate)
    return build(
        learning_rate=learning_rate_schedule(settings.lr_schedule, rate, steps),
        global_clipnorm=settings.clip_norm,
        use_ema=settings.average_weights,
    )


def learning_rate_schedule(name, rate, steps):
    """Return the learning rate over a training of so many steps, of which rate is the highest.

    For "constant" that is all, and for "plateau" as well: there a callback lowers it.
    """
    schedules = optimizers.schedules
    if name == "step":
        return schedules.PiecewiseConstantDecay(
            [steps // 2, steps * 3 // 4], [rate, rate / 10, rate / 100]
        )
    if name == "exponential":
        return schedules.ExponentialDecay(rate, decay_steps=steps, decay_rate=0.01)
    if name == "cosine":
        warmup = steps // 10
        return schedules.CosineDecay(
            0.0, decay_steps=steps - warmup, warmup_target=rate, warmup_steps=warmup
        )
    return rate
