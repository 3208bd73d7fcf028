"""Runs Rasa 3.6.21 on Python 3.12 and 3.13 without TensorFlow.

Rasa's default recipe imports its neural components when it starts. This module,
installed before ``import rasa``, answers their ``import tensorflow`` and
``import keras`` with inert modules: enough for those classes to be *defined*. A
config that *uses* one of them is refused by name. Nothing else of Rasa is changed.

``python -m components.compat <arguments>`` is Rasa's own command line on this base.
Why, and what works: docs/decisions/0001-rasa-without-tensorflow.md
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

NEURAL_COMPONENTS = (
    "DIETClassifier",
    "ResponseSelector",
    "ConveRTFeaturizer",
    "LanguageModelFeaturizer",
    "TEDPolicy",
    "UnexpecTEDIntentPolicy",
)
# The module in which Rasa gathers every component that a config can name.
COMPONENT_LIST = "rasa.engine.recipes.default_components"
# With what lies below them. spaCy imports its own command line (0.6 s of every start).
REPLACED_PACKAGES = (
    "tensorflow",
    "keras",
    "tensorflow_hub",
    "tensorflow_text",
    "spacy.cli",
)
# Loaded when somebody plots (matplotlib: 0.3 s of every start).
DEFERRED_MODULES = ("rasa.utils.plotting",)
_REPLACED = tuple(f"{name}." for name in REPLACED_PACKAGES)
ENVIRONMENT = {
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}


class _InertType(type):
    """Type of every inert class: attributes are inert classes again."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _inert_class(name)

    def __or__(cls, other: Any) -> Any:
        return object

    __ror__ = __or__


def _inert_class(name: str) -> type:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        # Used as a decorator it hands back what it decorates.
        return args[0] if args and callable(args[0]) else self

    namespace: dict[str, Any] = {
        "__init__": lambda self, *args, **kwargs: None,
        "__call__": call,
        "__class_getitem__": classmethod(lambda cls, item: cls),
    }
    return _InertType(name, (), namespace)


def _is_tensor(value: Any) -> bool:
    """Answers third parties (matplotlib, thinc): nothing here is a tensor."""
    return False


def _function(func: Callable | None = None, *args: Any, **kwargs: Any) -> Callable:
    """Stands for ``tf.function``, with and without arguments."""
    return func if callable(func) else lambda decorated: decorated


class _InertModule(types.ModuleType):
    """A module any name can be imported from."""

    is_tensor = staticmethod(_is_tensor)
    function = staticmethod(_function)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if not name[0].islower():
            value: Any = _inert_class(name)
        else:
            value = _InertModule(f"{self.__name__}.{name}")
            value.__path__ = []
            sys.modules.setdefault(value.__name__, value)
        setattr(self, name, value)
        return value


class _InertLoader(importlib.abc.Loader):
    def create_module(
        self, spec: importlib.machinery.ModuleSpec
    ) -> types.ModuleType | None:
        return _InertModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        module.__path__ = []


class _RefusingLoader(importlib.abc.Loader):
    """Loads Rasa's list of components, then makes the neural ones refuse to be used."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def create_module(
        self, spec: importlib.machinery.ModuleSpec
    ) -> types.ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        self._loader.exec_module(module)
        from rasa.engine.recipes.default_recipe import DefaultV1Recipe

        refused = {getattr(module, name) for name in NEURAL_COMPONENTS}
        for component in refused:
            # A model that was trained elsewhere names the class, not the config.
            component.load = classmethod(_refuse)
            component.required_packages = staticmethod(lambda: [])
        DefaultV1Recipe._registered_components = _GuardedRegistry(
            DefaultV1Recipe._registered_components, refused
        )


class _GuardedRegistry(dict):
    """Rasa's components by name; asked for a neural one it refuses.

    A recipe asks for every name of a config before anything is read or trained.
    """

    def __init__(self, components: dict[str, Any], refused: set[type]) -> None:
        super().__init__(components)
        self._refused = refused

    def __contains__(self, name: object) -> bool:
        found = self.get(name)
        if found is not None and found.clazz in self._refused:
            _refuse(found.clazz)
        return found is not None


def _refuse(component: type, *args: Any, **kwargs: Any) -> None:
    from rasa.shared.exceptions import InvalidConfigException

    raise InvalidConfigException(
        f"'{component.__name__}' needs TensorFlow, which this project leaves out "
        f"(docs/decisions/0001-rasa-without-tensorflow.md). Remove it from the "
        f"pipeline or policies in config.yml and train again; "
        f"'LogisticRegressionClassifier', 'MemoizationPolicy' and the project's own "
        f"components work."
    )


class TensorFlowFreeFinder(importlib.abc.MetaPathFinder):
    """Serves inert modules for TensorFlow and guards Rasa's list of components."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """(see parent class for full docstring)."""
        if fullname == "rasa":
            _restore_numpy_name()
        if f"{fullname}.".startswith(_REPLACED):
            return importlib.machinery.ModuleSpec(
                fullname, _InertLoader(), is_package=True
            )
        if fullname in DEFERRED_MODULES:
            spec = importlib.machinery.PathFinder.find_spec(fullname, path)
            if spec is not None and spec.loader is not None:
                spec.loader = importlib.util.LazyLoader(spec.loader)
            return spec
        if fullname == COMPONENT_LIST:
            spec = importlib.machinery.PathFinder.find_spec(fullname, path)
            if spec is not None and spec.loader is not None:
                spec.loader = _RefusingLoader(spec.loader)
            return spec
        return None


def _restore_numpy_name() -> None:
    """Rasa reads ``numpy.VisibleDeprecationWarning``, which numpy 2 moved."""
    import numpy

    name = "VisibleDeprecationWarning"
    if not hasattr(numpy, name):
        setattr(numpy, name, getattr(numpy.exceptions, name))


def install() -> None:
    """Makes ``import rasa`` work; call it before that import, once or more.

    Raises:
        RuntimeError: if Rasa was imported already, without this module.
    """
    if any(isinstance(finder, TensorFlowFreeFinder) for finder in sys.meta_path):
        return
    if "rasa" in sys.modules:
        raise RuntimeError(
            "components.compat: 'rasa' was imported before install() was called; "
            "import components.compat and call install() first."
        )
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    sys.meta_path.insert(0, TensorFlowFreeFinder())


def main() -> None:
    """Rasa's command line (``rasa …``) on this base."""
    install()
    if str(os.getcwd()) not in sys.path:  # noqa: PTH109 - a plain string is needed
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    from rasa.__main__ import main as rasa_main

    rasa_main()


if __name__ == "__main__":
    main()
