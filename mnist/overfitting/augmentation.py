"""Machinery of lab.py: a layer that changes images at random, by one affine transformation.

`lab.py --augment affine` trains with it, and saves the network without it; a checkpoint holds it.
Chapter: mnist/overfitting/README.md#data-augmentation
"""

import math

import keras
from keras import layers, ops

CHANNELS_FIRST = keras.config.image_data_format() == "channels_first"


@keras.saving.register_keras_serializable("mnist")
class RandomAffine(layers.Layer):
    """Rotate, stretch, shear and shift each image at random, in training only.

    All of it is one affine transformation, so the grey levels are interpolated only once.
    rotation is in degrees, zoom (of width and height separately) and shear are fractions, shift is
    in whole pixels: for each image they are drawn uniformly, up to that much in either direction.
    Takes and returns images of any size; what moves in is paper, 0. With a seed of its own the
    layer draws the same changes in each run.
    """

    def __init__(self, rotation=12, zoom=0.12, shear=0.15, shift=2, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rotation = rotation
        self.zoom = zoom
        self.shear = shear
        self.shift = shift
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        # TensorFlow's XLA compiler, which Keras uses on a GPU, may not know the transformation.
        self.supports_jit = keras.config.backend() != "tensorflow"

    def call(self, images, training=False):
        return self.transform(images) if training else images

    def transform(self, images):
        """Return the images, each changed in its own way."""
        angle = math.pi / 180 * self.draw(images, self.rotation)
        width = 1 + self.draw(images, self.zoom)
        height = 1 + self.draw(images, self.zoom)
        shear = self.draw(images, self.shear)
        right = ops.round(self.draw(images, self.shift + 0.5))  # each whole number equally often
        down = ops.round(self.draw(images, self.shift + 0.5))
        # The pixel at (x, y), seen from the centre, comes from (a x + b y, c x + d y).
        cos, sin = ops.cos(angle), ops.sin(angle)
        a, b = cos * width, cos * shear - sin * height
        c, d = sin * width, sin * shear + cos * height
        rows, columns = images.shape[2:] if CHANNELS_FIRST else images.shape[1:3]
        middle_x, middle_y = (columns - 1) / 2, (rows - 1) / 2
        x, y = middle_x + right, middle_y + down
        zero = ops.zeros_like(angle)
        numbers = [a, b, middle_x - a * x - b * y, c, d, middle_y - c * x - d * y, zero, zero]
        return ops.image.affine_transform(
            images, ops.stack(numbers, axis=1), interpolation="bilinear", fill_mode="constant"
        )

    def draw(self, images, limit):
        """Return one random number for each image, from -limit to limit."""
        shape = ops.shape(images)[:1]
        return keras.random.uniform(shape, -limit, limit, seed=self.seed_generator)

    def get_config(self):
        arguments = ("rotation", "zoom", "shear", "shift", "seed")
        return super().get_config() | {name: getattr(self, name) for name in arguments}
