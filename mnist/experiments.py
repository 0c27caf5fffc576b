"""The experiments of the MNIST chapter: what happens when one thing is changed.

    python mnist/experiments.py                 # all of them, about 25 minutes
    python mnist/experiments.py flips batch     # only these groups

Each line of the table that you will see is a short training of its own, with the accuracy
on the validation images. (Sections named "Experiment")
"""

import argparse
import sys
from pathlib import Path

import keras
from keras import layers

import mnist
from models import IMAGE_SHAPE, MODELS, NUM_CLASSES, VECTOR_SHAPE, conv_net, model
from runs import OUTPUTS
from utils import get_start_time


def perceptron(neurons, activation="relu"):
    """Return a perceptron with so many neurons in each hidden layer."""
    hidden = [layers.Dense(n, activation=activation) for n in neurons]
    output = layers.Dense(NUM_CLASSES, activation="softmax")
    return keras.Sequential([keras.Input(VECTOR_SHAPE), *hidden, output], name="experiment")
