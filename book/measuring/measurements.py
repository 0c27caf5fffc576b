"""Machinery of the book: what measure.py measures, with which command, and after which run."""

# Name of the measurement, the command that makes it, and its figures that go into the book, if it
# has any: their names without .png, or a dict where they have another name there. {NAME} in a
# command is the folder of that other run, which is made before; KEY=VALUE in front of a command is
# set in its environment, and $NAME is what only the environment of measure.py knows: without it,
# the measurement is left out.
ZOO = [
    "mlp_one_layer", "mlp_two_layers", "mlp_two_layers_dropout", "conv_net", "conv_net_l1",
    "conv_net_l2", "conv_net_batch_norm", "conv_net_dropout", "le_net"
]  # fmt: skip
FLOWS = "{generating_flow} {flow_2} {flow_3}"
MEASUREMENTS = {
    "neurons": ("basics/draw_neuron.py", "neurons"),
    "network_xor": (
        "basics/draw_network.py --layers 2 8 4 1"
        " --labels inputs 'hidden, relu' 'hidden, relu' 'output, sigmoid'",
        "network_2-8-4-1",
    ),
    "network_churn": (
        "basics/draw_network.py --layers 13 6 6 1"
        " --labels inputs 'hidden, relu' 'hidden, relu' 'output, sigmoid'",
        "network_13-6-6-1",
    ),
    "gradient_descent": ("basics/gradient_descent.py", "gradient_descent"),
    "program_basics": ("book/figures/programs.py basics/README.md", "program_basics"),
    "backpropagation": ("basics/backpropagation.py", "backpropagation"),
    "activations": ("reference/activations.py", "activations"),
    "initializers": ("reference/initializers.py", "initializers"),
    "optimizers": ("reference/optimizers.py", "optimizers"),
    "xor": ("xor/xor.py", "xor"),
    "xor_seed_4": "xor/xor.py --seed 4",
    "xor_forward": ("xor/forward_propagation.py", "forward_propagation"),
    "xor_initializations": "xor/initializations.py --all",
    "xor_stuck": "xor/initializations.py --hidden 8 4",
    "xor_program": (
        "xor/initializations.py --hidden 8 --activation tanh --learning-rate 0.1 --batch-size 4"
        " --epochs 60"
    ),
    "program_xor": ("book/figures/programs.py xor/README.md", "program_xor"),
    "chapters": ("book/figures/draw.py chapters", "chapters"),
    "concepts": ("book/figures/draw.py concepts", "batches one_hot three_parts"),
    "churn": "mlp/mlp.py",
    "churn_younger": "mlp/predict_churn.py --model {churn}/churn.keras --age 30",
    "churn_active": "mlp/predict_churn.py --model {churn}/churn.keras --is-active-member 1",
    "churn_table": (
        "mlp/predict_churn.py --model {churn}/churn.keras --customers mlp/Churn_Modelling.csv"
    ),
    "program_mlp": ("book/figures/programs.py mlp/README.md", "program_mlp program_mlp_2"),
    "churn_split": ("mlp/evaluation.py --test", "churn_learning_curves churn_curves"),
    "churn_ceiling": "mlp/ceiling.py",
    "churn_features": "mlp/features.py",
    "churn_fairness": "mlp/fairness.py",
    "churn_fairness_costs": "mlp/fairness.py --threshold 0.2",
    "churn_experiments": "mlp/churn_experiments.py",
    "churn_real": "mlp/churn_experiments.py --real $CHURN_REAL",  # which cannot be shipped
    "own_tables": ("mlp/tables/example_tables.py", "own_table"),
    "churn_seconds": "book/timings/seconds.py churn",
    "mnist_figures": (
        "book/figures/draw.py mnist_figures",
        "mnist_samples mnist_pixels mnist_augmented mnist_blur mnist_schedules",
    ),
    "mnist_sweep": "mnist/sweep.py mnist/mnist.py -m mlp_one_layer --train-samples 5000 --epochs 5",
    "mnist_sweep_long": (
        "mnist/sweep.py mnist/mnist.py -m mlp_one_layer --train-samples 5000 --epochs 40"
    ),
    "program_mnist": ("book/figures/programs.py mnist/README.md", "program_mnist program_mnist_2"),
    "program_mnist_overfitting": (
        "book/figures/programs.py mnist/overfitting/README.md",
        "program_mnist_overfitting",
    ),
    "mnist_known_writers": "mnist/known_writers.py",
    "mnist_convolution": ("book/figures/draw.py convolution", "mnist_convolution"),
    "mnist_fitting": ("mnist/overfitting/fitting.py", "mnist_fitting"),
    "mnist_experiments": "mnist/mnist_experiments.py",
    "mnist_short": (
        "mnist/overfitting/lab.py -m conv_net --lr-schedule cosine --learning-rate 0.005"
        " --batch-size 128 --epochs 3"
    ),
    "mnist_mixed": "mnist/overfitting/lab.py -m conv_net --mixed-precision bfloat16 --epochs 3",
    "mnist_sgd": "mnist/mnist_experiments.py --groups sgd",
    "mnist_tuned": ("mnist/overfitting/tuned.py", "mnist_tuned"),
    "mnist_curves": ("book/figures/draw.py techniques", "mnist_curves"),  # of "mnist_tuned"
    "mnist_quick_2": "mnist/studies/recipes.py quick --epochs 2 --test",
    "mnist_quick": "mnist/studies/recipes.py quick --test",
    "mnist_best": "mnist/studies/recipes.py best --test",
    "mnist_holdout": "mnist/studies/holdout.py",
    "mnist_search": ("mnist/studies/search.py --confirm", "mnist_search"),
    "backends": "backends/backends.py --scripts xor churn mnist",  # both want JAX and PyTorch
    "backends_lstm": "backends/backends.py --scripts lstm",
    "parallel": "book/timings/parallel_seconds.py",  # wants JAX
    "devices": "backends/devices.py",  # wants JAX
    "mnist_augmentation": "book/timings/seconds.py augmentation",
    "opening": "book/timings/opening.py",  # installs
    "sizes": "book/timings/sizes.py",  # installs, too
    "machine_speed": "book/timings/seconds.py machine",
    "serialization": "book/timings/saved_forms.py",
    "mutants": "tests/long/mutate.py --seed 8",
    "hostile_models": "tests/long/hostile_models.py",
    "smaller": "serialization/smaller.py",  # wants requirements-optional.txt
    "program_serialization": (
        "book/figures/programs.py serialization/README.md",
        "program_serialization",
    ),
    "out_of_distribution": ("serialization/rest/detectors.py", "out_of_distribution"),
    "rest_preparation": ("serialization/rest/preparation_steps.py", "rest_preparation"),
    "rest_light": ("serialization/rest/light.py", "rest_light"),
    "rest_page": ("book/figures/browser.py", "rest_page"),  # wants chromium and chromedriver
    "rest_load": "book/timings/service_load.py",  # wants wrk, nginx and litserve
    "service_packages": "book/timings/service_packages.py",  # installs
    "attack": "tests/long/attack.py",
    "service_drift": ("serialization/operating/drift.py", "drift drift_weeks"),
    "shapes": "visualizing/shapes.py",
    "blocks": ("visualizing/draw_weights.py", "blocks_conv_net"),
    "features": ("visualizing/feature_maps.py", "filters feature_maps feature_maps_of_digits"),
    "activation_maximization": (
        "visualizing/activation_maximization.py",
        "maximized_digits maximized_filters",
    ),
    "attribution": ("visualizing/attribution.py", "attribution"),
    "attribution_5": "visualizing/attribution.py --wiped 5",
    "attribution_150": "visualizing/attribution.py --wiped 150",
    "placing": "visualizing/placing.py",
    "embedding": ("visualizing/embedding.py", "embedding"),
    "watch": ("visualizing/debugging/watch.py", "watch"),
    "broken": ("visualizing/debugging/broken.py", "broken"),
    "program_visualizing": (
        "book/figures/programs.py visualizing/README.md",
        "program_visualizing program_visualizing_2",
    ),
    "program_visualizing_debugging": (
        "book/figures/programs.py visualizing/debugging/README.md",
        "program_visualizing_debugging",
    ),
    "checklist": ("visualizing/debugging/checklist.py --all", "inputs_labels_shuffled"),
    "dead_relus": ("visualizing/debugging/checklist.py dead_relus", ""),
    "drill": "visualizing/debugging/drill.py --score 100",  # ten minutes or more
    "think_page": ("book/figures/browser.py --page think", "think_page"),
    "front_page": ("book/figures/draw.py front_page", "front_page"),
    "traffic": ("book/figures/draw.py traffic", "traffic"),
    "order": "rnn/order.py",
    "recurrent_cells": ("rnn/cells/by_hand.py", "gates"),
    "exercises": "exercises/mutants.py",
    "edited": "book/measuring/edited.py",
    # The shorter ones.
    "notebooks": "book/editions/notebooks.py --execute backends basics cnn_transformer customizing"
    " customizing_feeding exercises mlp_tables rnn_cells serialization serialization_operating"
    " visualizing xor",
    "cells": ("book/figures/draw.py cells", "cell_simple_rnn cell_lstm cell_gru cell_unrolled"),
    "eight_curves": ("book/figures/draw.py curves", "eight_curves"),  # of the results of "broken"
    "through_time": "rnn/cells/through_time.py",
    "long_memory": ("rnn/cells/long_memory.py", "long_memory"),
    "recurrent_costs": "rnn/cells/costs.py",
    "program_rnn": ("book/figures/programs.py rnn/README.md", "program_rnn"),
    "names": ("rnn/names.py", "names_letters"),
    "first_names": "rnn/first_names.py --search",
    "program_text": ("book/figures/programs.py text/README.md", "program_text"),
    "spam_leak": "text/leak.py",
    "spam": "text/spam.py",
    "text_pieces": ("text/pieces.py", "pieces"),
    "text_embeddings": ("text/embeddings.py", "embeddings"),
    "text_ask": "text/ask.py 'Free entry! Text WIN to 80086 to claim your prize'",
    "text_ask_mum": (
        "text/ask.py 'Hi love, its mum. My number changed, pls send me the money today x'"
    ),
    "text_ask_lunch": "text/ask.py 'Are you free for lunch? Call me'",
    "attention": "text/gpt/attention.py",
    # Of the results of "attention".
    "transformer": ("book/figures/draw.py transformer", "attention gpt_block"),
    "gpt": "text/gpt/gpt.py",
    "gpt_cache": "book/timings/seconds.py gpt_cache",
    "program_text_gpt": ("book/figures/programs.py text/gpt/README.md", "program_text_gpt"),
    "shakespeare": "text/gpt/shakespeare.py",
    "shakespeare_pieces": "text/gpt/shakespeare.py --pieces 448",
    "ngrams_pieces": "text/gpt/ngrams.py --run {shakespeare_pieces}",
    # The networks of this, answers_instruct and generating_judge come with the book, by --ship.
    "shakespeare_shipped": (
        "text/gpt/shakespeare.py --context 128 --batch-size 32 --dropout 0.1"
        " --learning-rate 0.006 --steps 6000"
    ),
    "ngrams": ("text/gpt/ngrams.py --run {shakespeare}", "ngrams"),
    "ngrams_pretrained": "text/gpt/ngrams.py --run assets/models/shakespeare",
    "gpt_write": "text/gpt/generate.py --check",
    "gpt_greedy": "text/gpt/generate.py --temperature 0",
    "gpt_hot": "text/gpt/generate.py --temperature 1.5",
    "gpt_top_k": "text/gpt/generate.py --temperature 1 --top-k 5",
    "gpt_top_p": "text/gpt/generate.py --temperature 1 --top-p 0.9",
    "gpt_heads": ("text/gpt/heads.py", "heads"),
    "gpt_copies": "text/gpt/copies.py",
    "fewer_bits": "text/gpt/fewer_bits.py",
    # nanoGPT's folder, and a Python that has torch.
    "beside_nanogpt": "book/timings/beside_nanogpt.py $NANOGPT $NANOGPT_PYTHON",
    "write_page": ("book/figures/browser.py --page write", "write_page"),
    "answers_instruct": (
        "text/answers/instruct.py --ways before 'plays among them' LoRA 'all weights'"
    ),
    "answers_prefer": "text/answers/prefer.py",
    "answers_reward": "text/answers/reward.py",
    "answers_chat": (
        "text/answers/chat.py --ask '47+85?' 'Which play has Mercutio?' 'Spell thou backwards.'"
        " 'Spell tempest backwards.' --show"
    ),
    "gpt_rivals": "text/gpt/what_matters.py --rivals",
    "gpt_variants": "text/gpt/what_matters.py",
    "gpt_dial": ("text/gpt/dial.py", "dial"),
    "gpt_dial_again": "text/gpt/dial.py --seed 2",
    "program_forecasts": (
        "book/figures/programs.py forecasts/README.md",
        "program_forecasts program_forecasts_2",
    ),
    "forecast_1": "forecasts/forecast.py --seeds 3",
    "forecast_24": ("forecasts/forecast.py --horizon 24 --seeds 3", "forecast_24 horizon_24"),
    "forecast_day": "forecasts/forecast.py --horizon 24 --season 24 --methods ridge_with_dummies",
    "forecast_long": (
        "forecasts/forecast.py --horizon 24 --history 168 --methods ridge_with_dummies"
    ),
    "forecast_next": (
        "forecasts/forecast.py --horizon 48 --methods 168_steps_ago ridge_with_dummies",
        "forecast_48",
    ),
    "forecast_temperature": (
        "forecasts/forecast.py --data forecasts/metro_traffic.csv --time date_time --value temp"
        " --horizon 6 --season 24 --methods last_value 24_steps_ago ridge ridge_with_dummies"
        " gradient_boosting perceptron GRU",
        "forecast_6",
    ),
    "quantiles": ("forecasts/quantiles.py --seeds 0", "quantiles"),
    "leakage": "forecasts/leakage.py",
    "five_steps": "customizing/five_steps.py",
    "five_steps_jax": "KERAS_BACKEND=jax customizing/five_steps.py",
    "five_steps_torch": "KERAS_BACKEND=torch customizing/five_steps.py",
    "parts": ("customizing/use_parts.py", "parts"),
    "mistakes": "customizing/mistakes.py",
    "updates": "customizing/loops/updates.py",
    "adversarial": ("customizing/loops/adversarial.py", "adversarial"),
    "distillation": "customizing/loops/distill.py",
    "branches": "customizing/loops/branches.py",
    "million_rows": "customizing/feeding/million_rows.py",
    "image_files": "customizing/feeding/image_files.py",
    "slow_place": "customizing/speed/slow_place.py",
    "faster": "customizing/speed/faster.py",
    "faster_jax": "KERAS_BACKEND=jax customizing/speed/faster.py",
    "faster_torch": "KERAS_BACKEND=torch customizing/speed/faster.py",
    "pitfalls": "customizing/feeding/pitfalls.py",
    "siamese": ("customizing/loops/siamese.py", "siamese"),
    "siamese_no_dropout": "customizing/loops/siamese.py --dropout 0",
    "mnist_lstm": "mnist/mnist.py -m lstm --epochs 3",
    "pixel_order": "rnn/pixel_order.py",
    "cnn_convolution": ("cnn/convolution.py", "convolution convolution_variants"),
    "cnn_receptive_field": ("cnn/receptive_field.py", "receptive_field"),
    "cnn_shifts": ("cnn/shifts.py", "shifts"),
    "cnn_residual": "cnn/residual.py",
    "cnn_depth": ("cnn/depth.py", "depth"),
    "vanishing_gradient": ("cnn/vanishing_gradient.py", "vanishing_gradient"),
    "vanishing_gradient_mend": "cnn/vanishing_gradient.py --mend",
    "cnn_history": "cnn/sizes.py",
    "cnn_classify": ("cnn/classify.py", "classify"),
    "program_cnn": (
        "book/figures/programs.py cnn/README.md",
        {"program_cnn_2.png": "program_cat.png", "program_cnn_3.png": "program_transfer.png"},
    ),
    "cnn_transfer": (
        "cnn/transfer.py",
        {"known.png": "transfer_known.png", "misread.png": "transfer_misread.png"},
    ),
    "cnn_cross_validation": ("cnn/studies/cross_validation.py", "cross_validation"),
    "cnn_cross_validation_96": "cnn/studies/cross_validation.py --size 96",
    "cnn_few_pictures": ("cnn/studies/few_pictures.py", "few_pictures"),
    "cnn_ladder": "cnn/studies/ladder.py --ways border scratch nearest probe head part",
    "cnn_ladder_whole": (
        "cnn/studies/ladder.py --ways probe head whole --folds 3",
        {"misread.png": "ladder_misread.png"},
    ),
    "cnn_own_pictures": "cnn/studies/own_pictures.py",
    "cnn_near_twins": "cnn/studies/near_twins.py",
    "cnn_augment": ("cnn/studies/augment.py", "augment"),
    "generating_judge": "generating/judge.py",
    "program_generating": (
        "book/figures/programs.py generating/README.md",
        {
            "program_generating.png": "program_autoencoder.png",
            "program_generating_2.png": "program_moons.png",
            "program_generating_3.png": "program_spiral.png",
        },
    ),
    "generating_autoencoder": (
        "generating/autoencoder.py --search --seeds 3",
        "autoencoder denoised",
    ),
    "generating_anomalies": "generating/anomalies.py {generating_autoencoder}",
    "generating_vae_2": ("generating/vae.py --size 2", "digit_map"),
    "generating_vae_16": ("generating/vae.py", "vae_16"),
    "generating_collapsed": "generating/vae.py --weight 50",
    "generating_decoders": ("generating/decoders.py", "decoders"),
    "generating_points": ("generating/points.py", "points"),
    "generating_flow": ("generating/flow.py {generating_vae_16}", "flow_sheet flow_ways"),
    "generating_write": ("generating/write.py {generating_flow} 2026 --count 3", "number"),
    "generating_choices": "generating/choices.py {generating_flow}",
    "generating_noise": "generating/choices.py {generating_flow} --noise {generating_vae_16}",
    "generating_evaluate": f"generating/evaluate.py {FLOWS} --vae {{generating_vae_16}}",
    "generating_median": "generating/evaluate.py {flow_median} --vae {vae_median}",
    "generating_test": f"generating/evaluate.py {FLOWS} --vae {{generating_vae_16}} --test",
    "generating_few_real": "generating/few_real.py {generating_vae_16} {generating_flow}",
    "generating_writers": ("generating/writers.py {generating_vae_16}", "writers"),
    "numbers_page": (
        "book/figures/browser.py --page numbers --run {generating_flow} --map {generating_vae_2}",
        "numbers_page",
    ),
    "pixels_drawn": ("book/figures/draw.py u_net", "scenes u_net"),
    "vit": "cnn/transformer/vit.py --ways transformer convolutions scrambled --search --seeds 3",
    "vit_55000": "cnn/transformer/vit.py --images 55000 --steps 1000 --search",
    "vit_looks": (
        "cnn/transformer/looks.py {vit_55000}",
        {"looks.png": "vit_looks.png", "places.png": "vit_places.png"},
    ),
    "contrast": (
        "cnn/transformer/contrast.py",
        {"views.png": "contrast_views.png", "neighbours.png": "contrast_neighbours.png"},
    ),
    "few_labels": "cnn/transformer/few_labels.py {contrast} --search",
    "pixels": ("cnn/segmentation/segment.py --test", "segment"),
    # Rates, tried with a quarter of the scenes.
    "pixels_boxes_rates": "cnn/segmentation/boxes.py --scenes 1500 --rates 0.001 0.003 0.01 0.03",
    "pixels_boxes": ("cnn/segmentation/boxes.py", "boxes"),
    "pixels_found": ("cnn/segmentation/find.py {pixels} {pixels_boxes} --part test", "find"),
    "pixels_found_8": "cnn/segmentation/find.py {pixels} {pixels_boxes} --part test --most 8",
    "pixels_skips": ("cnn/segmentation/skips.py", "skips"),
    "pixels_own": ("cnn/segmentation/own_masks.py", "own_masks"),
    "pixels_own_2": "cnn/segmentation/own_masks.py --seed 2",
    "pixels_own_3": "cnn/segmentation/own_masks.py --seed 3",
    "own_boxes": ("cnn/segmentation/boxes.py --data {example}", {"boxes.png": "own_boxes.png"}),
    # All models for three epochs. The front page shows what conv_net misreads of them.
    "mnist_seconds": ("mnist/mnist.py -m all --epochs 3", "conv_net_mistakes"),
    "doctor_zoo": "visualizing/debugging/doctor.py {mnist_seconds}",
    "mnist_60": (
        "book/measuring/merged.py " + " ".join(f"{{mnist_60_{model}}}" for model in ZOO),
        "mlp_one_layer_confusion mlp_one_layer_mistakes mlp_one_layer_acc_e60"
        " mlp_one_layer_loss_e60 conv_net_acc_e60 conv_net_loss_e60 mlp_two_layers_acc_e60",
    ),
    "mnist_augment": "mnist/overfitting/lab.py -m conv_net --augment",
    "mnist_cosine": "mnist/overfitting/lab.py -m conv_net --lr-schedule cosine",
    "mnist_early": "mnist/overfitting/lab.py -m conv_net --early-stopping 5",
    "mnist_weights": (
        "mnist/overfitting/weights.py {mnist_60_conv_net} {mnist_60_conv_net_l1}"
        " {mnist_60_conv_net_l2}",
        "mnist_weights",
    ),
    "mnist_pairs": "mnist/pairs.py {seed_1} {seed_2}",
    "mnist_pairs_long": "mnist/pairs.py {mnist_60_mlp_one_layer} {mnist_60_conv_net}",
    "mnist_calibration": (
        "mnist/studies/calibration.py {plain_12} {dropout_12} {label_smoothing} {mnist_quick}/1-1",
        "mnist_calibration",
    ),
    "mnist_calibration_60": "mnist/studies/calibration.py {mnist_60_conv_net}",
    "weights_mlp_tiny": (
        "visualizing/draw_weights.py -m {tiny}/mlp_tiny.keras",
        "weights_mlp_tiny",
    ),
    "mnist_compare": ("mnist/studies/compare.py", "mnist_compare"),  # of the results of the others
}


def whole(command, figures=""):
    """Return the command and its figures, by their whole names."""
    if isinstance(figures, str):
        figures = [f"{figure}.png" for figure in figures.split()]
    return command, figures


MEASUREMENTS = {
    name: whole(one) if isinstance(one, str) else whole(*one) for name, one in MEASUREMENTS.items()
}

# Their seconds count, or decide how much is tried: measure.py waits until nothing else runs.
ALONE = {
    "attack", "backends", "backends_lstm", "beside_nanogpt", "churn_seconds",
    "cnn_residual", "exercises", "faster", "faster_jax", "faster_torch", "five_steps",
    "five_steps_jax", "five_steps_torch", "gpt_cache", "gpt_dial", "gpt_dial_again", "gpt_write",
    "image_files", "machine_speed", "million_rows", "mnist_augmentation", "mnist_best",
    "mnist_mixed", "mnist_quick", "mnist_quick_2", "mnist_search", "mnist_seconds", "mnist_short",
    "opening", "parallel", "recurrent_costs", "rest_load", "serialization", "slow_place",
}  # fmt: skip

TWELVE = "--epochs 12 --train-samples 20000 --seed 1"
# Runs that only others read: nothing is filed of them.
RUNS = {
    **{f"mnist_60_{model}": f"mnist/mnist.py -m {model}" for model in ZOO},
    # The two of which the book says how they read the test images.
    "mnist_60_mlp_one_layer": "mnist/mnist.py -m mlp_one_layer --test",
    "mnist_60_conv_net": "mnist/mnist.py -m conv_net --test",
    "seed_1": "mnist/mnist.py -m conv_net --epochs 3 --seed 1",
    "seed_2": "mnist/mnist.py -m conv_net --epochs 3 --seed 2",
    "plain_12": f"mnist/mnist.py -m conv_net {TWELVE}",
    "dropout_12": f"mnist/mnist.py -m conv_net_dropout {TWELVE}",
    "label_smoothing": f"mnist/overfitting/lab.py -m conv_net --label-smoothing 0.1 {TWELVE}",
    "tiny": "mnist/mnist.py -m mlp_tiny --epochs 10",
    "example": "cnn/segmentation/example_masks.py",
    "vae_median": "generating/vae.py --seed 106",  # the median of 25: assets/results/bands/vae.json
    "flow_median": "generating/flow.py {vae_median}",
    "flow_2": "generating/flow.py {generating_vae_16} --seed 2",
    "flow_3": "generating/flow.py {generating_vae_16} --seed 3",
}
