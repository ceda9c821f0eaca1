"""What a call of a run may choose, beside its recipe."""

from dataclasses import dataclass

from forethought.training.parallel import Parallel
from forethought.training.world import World, find_world


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is executed; its result depends on the recipe alone.

    Args:
        parallel: how several processes share the work.
        track: where the scalars of every step go besides the journal; names of `TRACKERS`, or
            import paths.
        check_memory: refuse a run before its first step if its estimate does not fit the device.
    """

    parallel: Parallel = Parallel.DDP
    track: tuple[str, ...] = ()
    check_memory: bool = True

    def world(self) -> World:
        """The processes of the run; see `find_world`."""
        return find_world(shards=self.parallel is Parallel.FSDP2)
