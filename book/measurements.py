"""Machinery of the book: what measure.py measures, and with which command."""

# Name of the measurement, the command that makes it, its figures that go into the book.
MEASUREMENTS = {
    "neurons": ("basics/draw_neuron.py", ["neurons.png"]),
    "network_xor": (
        "basics/draw_network.py --layers 2 8 4 1"
        " --labels inputs 'hidden, relu' 'hidden, relu' 'output, sigmoid'",
        ["network_2-8-4-1.png"],
    ),
    "network_churn": (
        "basics/draw_network.py --layers 11 6 6 1"
        " --labels inputs 'hidden, relu' 'hidden, relu' 'output, sigmoid'",
        ["network_11-6-6-1.png"],
    ),
    "gradient_descent": ("basics/gradient_descent.py", ["gradient_descent.png"]),
    "backpropagation": ("basics/backpropagation.py", ["backpropagation.png"]),
    "vanishing_gradient": ("basics/vanishing_gradient.py", ["vanishing_gradient.png"]),
    "vanishing_gradient_he": ("basics/vanishing_gradient.py --initializer he_normal", []),
    "activations": ("reference/activations.py", ["activations.png"]),
    "initializers": ("reference/initializers.py", ["initializers.png"]),
    "optimizers": ("reference/optimizers.py", ["optimizers.png"]),
    "xor": ("xor/xor.py", ["xor.png"]),
    "xor_faster": ("xor/faster.py", []),  # nothing else may run meanwhile
    "xor_forward": ("xor/forward_propagation.py", ["forward_propagation.png"]),
    "xor_initializations": ("xor/initializations.py --all", []),
    "concepts": ("book/concepts.py", ["batches.png", "one_hot.png", "three_parts.png"]),
    "churn": ("mlp/mlp.py", []),
    "churn_split": ("mlp/mlp_data_split.py", ["churn_learning_curves.png", "churn_roc.png"]),
    "churn_experiments": ("mlp/experiments.py", []),
    "churn_seconds": ("book/churn_seconds.py", []),  # nothing else should run meanwhile
    "mnist_figures": (
        "book/mnist_figures.py",
        [f"mnist_{name}.png" for name in ("samples", "pixels", "augmented", "blur", "schedules")],
    ),
    "mnist_convolution": ("book/convolution.py", ["mnist_convolution.png"]),
    "mnist_fitting": ("mnist/studies/fitting.py", ["mnist_fitting.png"]),
    "mnist_experiments": ("mnist/studies/experiments.py", []),
    "mnist_short": (
        "mnist/mnist.py -m conv_net --lr-schedule cosine --learning-rate 0.005"
        " --batch-size 128 --epochs 3",
        [],
    ),
    "mnist_short_augment": (
        "mnist/mnist.py -m conv_net --augment --lr-schedule cosine --epochs 3",
        [],
    ),
    "mnist_mixed": ("mnist/mnist.py -m conv_net --mixed-precision bfloat16 --epochs 3", []),
    "mnist_seeds": ("mnist/studies/seeds.py", ["mnist_seeds.png"]),
    "mnist_practice": (
        "mnist/studies/seeds.py conv_net 'conv_net --label-smoothing 0.1'"
        " 'conv_net --average-weights'",
        [],
    ),
    "mnist_schedule": (
        "mnist/studies/seeds.py conv_net 'conv_net --lr-schedule cosine'"
        " 'conv_net --learning-rate 0.005' 'conv_net --batch-size 128'"
        " 'conv_net --lr-schedule cosine --learning-rate 0.005'"
        " 'conv_net --lr-schedule cosine --batch-size 128'"
        " 'conv_net --learning-rate 0.005 --batch-size 128'"
        " 'conv_net --lr-schedule cosine --learning-rate 0.005 --batch-size 128'"
        " --seeds 1 2 3 --epochs 3 --train-samples 55000",
        [],
    ),
    "mnist_quick_2": ("mnist/studies/recipes.py quick --epochs 2", []),
    "mnist_quick": ("mnist/studies/recipes.py quick", []),
    "mnist_best": ("mnist/studies/recipes.py best", []),
    "mnist_holdout": ("book/holdout.py", []),
    "mnist_search": ("mnist/studies/search.py --confirm", ["mnist_search.png"]),
    "backends": ("backends/backends.py", []),  # wants JAX and PyTorch
    "mnist_augmentation": ("book/augmentation.py", []),
    "mnist_overhead": ("book/overhead.py", []),
    "serialization": ("book/serialization.py", []),
    "rest_preparation": ("book/preparation.py", ["rest_preparation.png"]),
    "rest_page": ("book/browser.py", ["rest_page.png"]),  # wants chromium and chromedriver
    "rest_load": ("book/service_load.py", []),  # nothing else may run meanwhile
    "cnn_convolution": (
        "cnn/convolution.py",
        ["convolution.png", "convolution_variants.png"],
    ),
    "cnn_receptive_field": ("cnn/receptive_field.py", ["receptive_field.png"]),
    "cnn_shifts": ("cnn/shifts.py --train-samples 5000", ["shifts.png"]),
    "cnn_residual": ("cnn/residual.py", []),
    "cnn_depth": ("cnn/depth.py", ["depth.png"]),
    "cnn_history": ("book/history.py", []),
    "cnn_classify": ("cnn/classify.py", ["classify.png"]),
    "cnn_transfer": ("cnn/transfer.py", ["transfer.png"]),
    "cnn_few_pictures": ("cnn/studies/few_pictures.py", ["few_pictures.png"]),
    "cnn_fine_tuning": ("cnn/studies/fine_tuning.py", []),
    "cnn_digits": ("cnn/studies/digits.py", []),
    # All models, only to see how long an epoch takes: nothing else may run meanwhile.
    "mnist_3": ("mnist/mnist.py -m all --epochs 3", ["conv_net_mistakes.png"]),
    # Of the results of the others.
    "mnist_compare": ("mnist/studies/compare.py", ["mnist_compare.png"]),
}

# Runs that are made first and filed then, their figures and how they are called in the book.
RUNS = {
    "churn_real": {},  # mlp/experiments.py --real, on customers who cannot be shipped
    "mnist_60": {
        "mlp_one_layer_confusion.png": "mlp_one_layer_confusion.png",
        "mlp_one_layer_mistakes.png": "mlp_one_layer_mistakes.png",
        "mlp_one_layer_acc_e60.png": "mlp_one_layer_acc_e60.png",
        "mlp_one_layer_loss_e60.png": "mlp_one_layer_loss_e60.png",
        "mlp_two_layers_acc_e60.png": "mlp_two_layers_acc_e60.png",
        "mlp_two_layers_dropout_loss_e60.png": "mlp_two_layers_dropout_loss_e60.png",
        "conv_net_acc_e60.png": "conv_net_acc_e60.png",
        "conv_net_loss_e60.png": "conv_net_loss_e60.png",
        "conv_net_batch_norm_acc_e60.png": "conv_net_batch_norm_acc_e60.png",
        "conv_net_dropout_acc_e60.png": "conv_net_dropout_acc_e60.png",
    },
    "mnist_augment": {"conv_net_acc_e60.png": "conv_net_augment_acc_e60.png"},
    "mnist_cosine": {"conv_net_loss_e60.png": "conv_net_cosine_loss_e60.png"},
    "mnist_early": {},
    "mnist_weights": {"mnist_weights.png": "mnist_weights.png"},  # of a run of -m all
    "mnist_calibration": {"mnist_calibration.png": "mnist_calibration.png"},  # of trained networks
}
