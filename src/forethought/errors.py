"""The exceptions of the library.

ForethoughtError
├── ContentError      an input that cannot be read
├── ConfigError       an invalid recipe or option
├── ModelError        a checkpoint that is missing, invalid or lacks an ability
├── DataError         an invalid package, data set or data file
├── EndpointError     a model behind a URL that refuses requests or cannot be reached
├── ContractError     vectors of another kind than an index holds
├── CheckpointError   a training run that cannot be resumed
└── TrainingError     a training run that cannot go on

Every message has the value, the rule and the way out. Each class is also the exception of the
standard library that it refines, so a caller may catch either.
"""


class ForethoughtError(Exception):
    """The base class of all exceptions of the library."""


class ContentError(ForethoughtError, ValueError):
    """An input (text, picture, video or document) that cannot be read."""


class ConfigError(ForethoughtError, ValueError):
    """A recipe or an option with an invalid name or value."""


class ModelError(ForethoughtError, ValueError):
    """A checkpoint that is missing or invalid, or lacks an ability, such as writing a rationale."""


class DataError(ForethoughtError, ValueError):
    """A package, a data set or a data file that is missing or invalid."""


class EndpointError(ForethoughtError, RuntimeError):
    """A model behind a URL that refuses requests, cannot be reached or gives no usable answer."""


class ContractError(ForethoughtError, ValueError):
    """Vectors of another kind (model, mode, settings) than an index holds."""


class CheckpointError(ForethoughtError, ValueError):
    """A training run that cannot be resumed."""


class TrainingError(ForethoughtError, RuntimeError):
    """A training run that cannot go on: its loss or its gradients are not finite."""
