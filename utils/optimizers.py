"""The optimizers that a reader can name on a command line."""

from keras import optimizers

OPTIMIZERS = {
    "sgd": optimizers.SGD,
    "rmsprop": optimizers.RMSprop,
    "adam": optimizers.Adam,
    "adamw": optimizers.AdamW,
    "adagrad": optimizers.Adagrad,
    "nadam": optimizers.Nadam,
}
