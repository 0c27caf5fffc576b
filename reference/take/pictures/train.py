"""Learn to tell pictures apart: python train.py FOLDER, which has a subfolder for each class.

A network that knows ImageNet gets a new last layer. It is judged on a fifth of the pictures, which
it does not learn from. Writes model.keras and classes.json.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from efficientnet_lite import build_network
from keras import layers
from PIL import Image, ImageOps
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_class_weight

SIZE = 160  # pixels, width and height
EPOCHS = 15
LOSS = "sparse_categorical_crossentropy"
ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}


def read(path, size):
    """Return the middle square of a picture, the right way up, (size, size, 3), 0 to 255."""
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return np.asarray(ImageOps.fit(image, (size, size)))


def build(classes):
    """Return a network from pictures (n, SIZE, SIZE, 3) to probabilities (n, classes)."""
    base = build_network(SIZE, include_top=False)
    base.trainable = False
    pictures = keras.Input((SIZE, SIZE, 3))
    x = layers.RandomFlip("horizontal")(pictures)
    x = layers.RandomRotation(0.03, fill_mode="nearest")(x)
    x = layers.Dropout(0.2)(base(x, training=False))
    return keras.Model(pictures, layers.Dense(classes, activation="softmax")(x))


def main(folder, epochs=EPOCHS):
    keras.utils.set_random_seed(1)
    paths = sorted(path for path in Path(folder).glob("*/**/*") if path.suffix.lower() in ENDINGS)
    kinds = [path.relative_to(folder).parts[0] for path in paths]
    classes, y = np.unique(kinds, return_inverse=True)
    x = np.stack([read(path, SIZE) for path in paths])
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.2, stratify=y, random_state=1)
    weights = compute_class_weight("balanced", classes=np.unique(y), y=y)  # rare ones count more
    model = build(len(classes))
    model.compile(keras.optimizers.Adam(0.003), LOSS, metrics=["accuracy"])
    model.fit(x, y, epochs=epochs, class_weight=dict(enumerate(weights)), verbose=2)
    right = (model.predict(x_test, verbose=0).argmax(axis=1) == y_test).mean()
    print(f"{right:.1%} of {len(y_test)} pictures right, from which it did not learn")
    model.save("model.keras")
    Path("classes.json").write_text(json.dumps(classes.tolist()), encoding="utf-8")
    return right


if __name__ == "__main__":
    main(sys.argv[1])
