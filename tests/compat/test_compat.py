"""The module that runs Rasa without TensorFlow."""

import subprocess
import sys
from pathlib import Path

import pytest

from components import compat

compat.install()

import numpy as np  # noqa: E402
from rasa.engine.recipes.default_recipe import DefaultV1Recipe  # noqa: E402
from rasa.shared.exceptions import InvalidConfigException  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def _run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def _config(pipeline: list[str], policies: list[str]) -> dict:
    return {
        "language": "en",
        "assistant_id": "test",
        "pipeline": [{"name": name} for name in pipeline],
        "policies": [{"name": name} for name in policies],
    }


@pytest.mark.parametrize("name", compat.NEURAL_COMPONENTS)
def test_config_with_a_neural_component_is_refused_by_name(name):
    if name.endswith("Policy"):
        config = _config(["WhitespaceTokenizer"], ["RulePolicy", name])
    else:
        config = _config(["WhitespaceTokenizer", name], ["RulePolicy"])
    with pytest.raises(InvalidConfigException, match=f"'{name}' needs TensorFlow"):
        DefaultV1Recipe().graph_config_for_recipe(config, {})


def test_config_with_a_module_path_is_refused_too():
    path = "rasa.nlu.classifiers.diet_classifier.DIETClassifier"
    with pytest.raises(InvalidConfigException, match="'DIETClassifier' needs"):
        DefaultV1Recipe().graph_config_for_recipe(_config([path], ["RulePolicy"]), {})


def test_config_that_starts_with_a_neural_component_is_refused_at_once():
    # The first name asked for is what makes Rasa load its list of components.
    result = _run(
        "from components import compat; compat.install()\n"
        "from rasa.engine.recipes.default_recipe import DefaultV1Recipe\n"
        "config = {'pipeline': [{'name': 'DIETClassifier'}]}\n"
        "DefaultV1Recipe().graph_config_for_recipe(config, {})\n"
    )
    assert "'DIETClassifier' needs TensorFlow" in result.stderr.splitlines()[-1]


def test_config_with_an_unknown_component_gets_rasas_own_error():
    with pytest.raises(InvalidConfigException, match="Can't load class for name"):
        DefaultV1Recipe().graph_config_for_recipe(_config(["NoSuch"], []), {})


def test_model_that_was_trained_with_tensorflow_is_refused():
    from rasa.nlu.classifiers.diet_classifier import DIETClassifier

    with pytest.raises(InvalidConfigException, match="'DIETClassifier' needs"):
        DIETClassifier.load({}, None, None, None)


def test_lean_config_is_accepted():
    pipeline = ["WhitespaceTokenizer", "CountVectorsFeaturizer"]
    pipeline += ["LogisticRegressionClassifier", "FallbackClassifier"]
    config = _config(pipeline, ["MemoizationPolicy", "RulePolicy"])
    schema = DefaultV1Recipe().graph_config_for_recipe(config, {}).train_schema
    assert any("LogisticRegressionClassifier" in node for node in schema.nodes)


def test_install_twice_is_harmless():
    compat.install()
    finders = [type(finder).__name__ for finder in sys.meta_path]
    assert finders.count("TensorFlowFreeFinder") == 1


def test_install_after_rasa_says_what_to_do():
    result = _run("import rasa\nfrom components import compat\ncompat.install()")
    assert result.returncode != 0
    last = result.stderr.strip().splitlines()[-1]
    assert "'rasa' was imported before install()" in last


def test_tensorflow_is_not_installed():
    result = _run("import tensorflow")
    assert "No module named 'tensorflow'" in result.stderr


def test_inert_tensorflow_says_that_nothing_is_a_tensor():
    import tensorflow

    assert tensorflow.is_tensor(np.zeros(3)) is False
    assert tensorflow.is_tensor(None) is False


def test_matplotlib_draws_beside_it(tmp_path):
    import matplotlib
    import tensorflow  # noqa: F401

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots()
    axes.hist([np.array([0.1, 0.5]), np.array([0.9])], bins=5)
    axes.imshow(np.eye(3))
    figure.savefig(tmp_path / "plot.png")
    pyplot.close(figure)
    assert (tmp_path / "plot.png").stat().st_size > 1000


def test_scipy_and_scikit_learn_see_plain_arrays():
    import tensorflow  # noqa: F401
    from scipy._lib._array_api import array_namespace
    from sklearn.linear_model import LogisticRegression
    from sklearn.utils._array_api import get_namespace

    array = np.array([[0.0], [1.0], [2.0], [3.0]])
    assert "numpy" in array_namespace(array).__name__
    assert "numpy" in get_namespace(array)[0].__name__
    model = LogisticRegression().fit(array, [0, 0, 1, 1])
    assert list(model.predict(array)) == [0, 0, 1, 1]
    assert np.asarray(array) is array


def test_rest_of_rasa_is_the_installed_file():
    # "Unmodified": Rasa's modules come from the package, by the usual loader.
    import rasa.core.processor

    assert "site-packages" in rasa.core.processor.__file__
    assert type(rasa.core.processor.__loader__).__name__ == "SourceFileLoader"


def test_class_of_ours_with_the_same_name_is_not_refused():
    registry = compat._GuardedRegistry({}, set())
    registry["DIETClassifier"] = DefaultV1Recipe.RegisteredComponent(
        object, set(), False, None
    )
    assert "DIETClassifier" in registry


def test_what_nobody_asks_for_is_not_loaded_at_the_start():
    code = (
        "from components import compat; compat.install();"
        "import sys, rasa.core.run, rasa.server, spacy;"
        "print(sorted({'matplotlib', 'typer', 'weasel'} & set(sys.modules)));"
        "import rasa.utils.plotting as plots; print(plots.plot_confusion_matrix)"
    )
    done = _run(code)

    assert done.stdout.splitlines()[0] == "[]"
    assert "function plot_confusion_matrix" in done.stdout
