"""Machinery of the book: what measure.py runs for the chapter on recurrent networks."""

# Name of the measurement, the command that makes it, its figures that go into the book.
RECURRENT = {
    "traffic": ("book/traffic.py", ["traffic.png"]),
    "order": ("rnn/order.py", []),
    "recurrent_cells": ("rnn/cells/by_hand.py", ["gates.png"]),
    "through_time": ("rnn/cells/through_time.py", []),
    "long_memory": ("rnn/cells/long_memory.py", ["long_memory.png"]),
    "recurrent_costs": ("rnn/cells/costs.py", []),  # nothing else may run meanwhile
    "names": ("rnn/names.py", ["names_letters.png"]),
    "first_names": ("rnn/first_names.py", []),
    "attention": ("rnn/cells/attention.py", []),
    "forecast_1": ("rnn/forecast.py --seeds 3", []),
    "forecast_24": (
        "rnn/forecast.py --horizon 24 --seeds 3",
        ["forecast_24.png", "horizon_24.png"],
    ),
    "forecast_day": (
        "rnn/forecast.py --horizon 24 --season 24 --methods ridge_with_dummies perceptron",
        [],
    ),
    "forecast_long": (
        "rnn/forecast.py --horizon 24 --history 168 --methods ridge_with_dummies perceptron",
        [],
    ),
    "forecast_temperature": (
        "rnn/forecast.py --data rnn/metro_traffic.csv --time date_time --value temp"
        " --horizon 6 --season 24 --methods last_value 24_steps_ago ridge ridge_with_dummies"
        " gradient_boosting perceptron GRU",
        ["forecast_6.png"],
    ),
    "quantiles": ("rnn/quantiles.py", ["quantiles.png"]),
    "leakage": ("book/leakage.py", []),
    "mnist_lstm": ("mnist/mnist.py -m lstm --epochs 3", []),
    "pixel_order": ("book/pixel_order.py", []),
}
