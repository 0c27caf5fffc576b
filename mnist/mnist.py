"""Train a network on MNIST, the handwritten digits, and look at what it does.

    python mnist/mnist.py -m conv_net --epochs 3      # up to two minutes
    python mnist/mnist.py -m mlp_one_layer            # 60 epochs, two minutes
    python mnist/mnist.py -m all                      # all nine models, an hour and a quarter
    python mnist/mnist.py -m conv_net --test          # in the end: read the test images, too

You will see the model's layers, each epoch, how well the network reads the validation images, and
the folder with the curves and the report. Times are for two cores. Whatever the next chapter tries
out to train such networks better is in the laboratory, mnist/overfitting/lab.py, which also goes on
with a run that was stopped.
Chapter: mnist/README.md#one-hidden-layer
"""

from chapter import OUTPUTS

import keras
from sklearn.metrics import classification_report

from mnist.data import TRAIN_SIZE, prepare_mnist, prepare_test
from mnist.models import MODELS, ZOO
from mnist.report import changes, describe, draw_figures, open_run, save_predictions, write_report
from utils.bands import place_run
from utils.options import OPTIMIZERS, make_parser, positive, seed, verbosity
from utils.runs import make_folder, save_network, shown
from utils.statistics import describe_score, score
from utils.training import DeferInterrupt, SaveCheckpoint, TimeCallback

MODEL = "conv_net"  # a function in models.py, or "all"
EPOCHS = 60  # how often the network sees every training image
BATCH_SIZE = 256  # images per step of gradient descent
OPTIMIZER = "adam"
LEARNING_RATE = None  # None: the optimizer's own default, 0.001 for Adam
SEED = 42  # initial weights and order of the images


def make_mnist_parser(description):
    """Return a parser with the options that mnist.py and the laboratory share."""
    parser = make_parser(description, OUTPUTS)
    add, count, samples = parser.add_argument, positive(int), positive(int, most=TRAIN_SIZE)
    about = "network; all: those of the zoo, in turn"
    add("-m", "--model", choices=[*MODELS, "all"], default=MODEL, help=about)
    add("--epochs", type=count, default=EPOCHS, help="passes over the training images")
    add("--batch-size", type=count, default=BATCH_SIZE, help="images per step")
    add("--optimizer", choices=OPTIMIZERS, default=OPTIMIZER)
    about = "None: the optimizer's own default"
    add("--learning-rate", type=positive(float), default=LEARNING_RATE, help=about)
    about = "of the initial weights and the order of the images"
    add("--seed", type=seed, default=SEED, help=about)
    add("--train-samples", type=samples, default=TRAIN_SIZE, help="fewer for a quick try")
    about = "in the end: read the test images, too"
    add("--test", action="store_true", help=about)
    return parser


def evaluate(model, digits, test=False):
    """Return the scores on each part of the data, and the probabilities for its images.

    As {part: score} and {part: array of shape (images, 10)}; test: whether the test images are one.
    """
    parts = digits.parts()
    parts |= {"test": prepare_test(model.input_shape[1:])} if test else {}
    predictions = {
        part: model.predict(x, batch_size=BATCH_SIZE, verbose=0) for part, (x, _) in parts.items()
    }
    scores = {part: score(y, predictions[part]) for part, (_, y) in parts.items()}
    true, predicted = digits.y_val.argmax(axis=1), predictions["validation"].argmax(axis=1)
    report = classification_report(true, predicted, digits=4, zero_division=0)
    print(report)
    for part in [*parts][1:]:
        print(part.capitalize(), "images, by people it never met:", describe_score(scores[part]))
    return scores | {"classification_report": report}, predictions


def main(argv=None):
    """Train one network, or all of them; return settings and scores, as results.json has them."""
    parser = make_mnist_parser("Train networks on MNIST.")
    args = parser.parse_args(argv)
    settings = {
        name: value for name, value in vars(args).items() if name not in ("outputs", "test")
    }
    folder = make_folder(args.outputs)
    results = open_run(settings, folder, __file__, argv)[1] | {"models": {}}

    for name in ZOO if args.model == "all" else [args.model]:
        keras.utils.set_random_seed(args.seed)
        model = MODELS[name]()
        model.summary()
        digits = prepare_mnist(model.input_shape[1:], args.train_samples)

        optimizer = keras.optimizers.get(args.optimizer)
        if args.learning_rate:
            optimizer.learning_rate = args.learning_rate
        model.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])
        history = {}  # filled epoch by epoch, and saved with the network
        with DeferInterrupt() as interrupt:  # Ctrl-C comes between two steps, and ends the run
            model.fit(
                digits.x_train,
                digits.y_train,
                batch_size=args.batch_size,
                epochs=args.epochs,
                validation_data=(digits.x_val, digits.y_val),
                callbacks=[interrupt, TimeCallback(), SaveCheckpoint(folder, name, history)],
                verbose=verbosity(),
            )

        scores, predictions = evaluate(model, digits, args.test)
        save_network(model, folder / f"{name}.keras")
        save_predictions(predictions, folder / f"{name}_predictions.npz")
        options = changes(settings, parser.get_default)
        draw_figures(name, history, digits, predictions["validation"], folder, options)
        results["models"][name] = describe(model, history) | scores
        write_report(results, folder)

    place_run(results, __file__, settings)
    print(f"Models, curves and report.html are in {shown(folder)}")
    return results


if __name__ == "__main__":
    main()
