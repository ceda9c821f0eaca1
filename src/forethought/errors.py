"""What can go wrong, as one small tree.

ForethoughtError
├── ContentError      a picture or text that cannot be used
├── ConfigError       a recipe or option that cannot be understood
├── ModelError        a checkpoint that cannot be found, loaded or asked for that
├── DataError         a package, data set or file of items that cannot be used
├── ContractError     an index asked for vectors of another kind than it holds
└── CheckpointError   a training run that cannot be resumed

Every message names the value, the rule and the way out. Each class is also the
standard-library error it refines, so a caller may catch either.
"""


class ForethoughtError(Exception):
    """The root: catch this one to catch all of ours."""


class ContentError(ForethoughtError, ValueError):
    """A picture or a text that cannot be used."""


class ConfigError(ForethoughtError, ValueError):
    """A recipe or an option that cannot be understood."""


class ModelError(ForethoughtError, ValueError):
    """A checkpoint that cannot be found, loaded, or asked for that."""


class DataError(ForethoughtError, ValueError):
    """A package, a data set or a file of items that cannot be used."""


class ContractError(ForethoughtError, ValueError):
    """An index asked for vectors of another kind than it holds."""


class CheckpointError(ForethoughtError, ValueError):
    """A training run that cannot be resumed."""
