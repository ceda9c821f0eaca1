"""Optional packages: which are installed, and how to get the others."""

from importlib.util import find_spec

EXTRAS = {
    "av": "media",
    "httpx2": "train",
    "lancedb": "search",
    "matplotlib": "train",
    "mteb": "eval",
    "peft": "train",
    "pyarrow": "search",
    "pypdfium2": "media",
    "rapidfuzz": "train",
    "resvg_py": "train",
    "scipy": "eval",
    "sentence_transformers": "eval",
    "sklearn": "train",
    "tensorboard": "track",
    "trackio": "track",
}
"""The extra that installs an optional module."""

_DISTRIBUTIONS = {
    "resvg_py": "resvg-py",
    "sentence_transformers": "sentence-transformers",
    "sklearn": "scikit-learn",
}


_WITHOUT_EXTRA = {"wandb"}
"""Optional packages of which we install none ourselves: they bring many others."""


def require(*modules: str) -> None:
    """Check, before any work, that modules are installed.

    Raises:
        ModuleNotFoundError: naming the first that is not.
    """
    for module in modules:
        if find_spec(module) is None:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)


def describe_missing(error: ModuleNotFoundError) -> str:
    """Which package is missing, and the command that installs it."""
    module = (error.name or "").partition(".")[0]
    if module in _WITHOUT_EXTRA:
        return f"{module} is not installed; pip install {module}"
    if module not in EXTRAS:
        return f"the package {module!r} is not installed; install it with pip"
    package = _DISTRIBUTIONS.get(module, module)
    return (
        f"{package} is not installed; pip install {package} "
        f"(one of the packages of forethought's extra {EXTRAS[module]!r})"
    )
