"""All workers at once: endpoints in one thread, checkpoints of this machine in another."""

from collections.abc import Callable, Generator, Sequence
from queue import SimpleQueue
from threading import Event, Thread

from forethought.annotation.endpoint_tasks import EndpointTasks, start_endpoints
from forethought.annotation.events import WorkerEnd, WorkerEvent
from forethought.annotation.tasks import WorkerTasks
from forethought.data import ExampleInputs


def run_workers(
    all_tasks: Sequence[WorkerTasks], examples: ExampleInputs
) -> Generator[WorkerEvent, None, None]:
    """Yield what workers report, as it comes, until all have ended.

    A worker that ends early does not stop the others. Closing the iterator drops what is in
    flight.

    Raises:
        ConfigError: if the key of an endpoint is not set.
    """
    busy = [(index, tasks) for index, tasks in enumerate(all_tasks) if tasks.tasks]
    queue: SimpleQueue[WorkerEvent] = SimpleQueue()
    remote = [
        EndpointTasks(index, tasks, examples, queue.put)
        for index, tasks in busy
        if tasks.worker.endpoint
    ]
    local = [(index, tasks) for index, tasks in busy if not tasks.worker.endpoint]
    stop = Event()
    run = start_endpoints(remote) if remote else None
    given = {"put": queue.put, "stop": stop}
    thread = Thread(target=_run_local, args=(local, examples), kwargs=given, daemon=True)
    thread.start()
    try:
        ended = 0
        while ended < len(busy):
            event = queue.get()
            ended += isinstance(event, WorkerEnd)
            yield event
    finally:
        stop.set()
        if run is not None:
            run.cancel()
        thread.join()


def _run_local(
    local: Sequence[tuple[int, WorkerTasks]],
    examples: ExampleInputs,
    *,
    put: Callable[[WorkerEvent], None],
    stop: Event,
) -> None:
    if not local:
        return
    try:
        # Draws torch, which endpoints do not need.
        from forethought.annotation.local_tasks import LocalTasks, local_events  # noqa: PLC0415
    except Exception as error:  # noqa: BLE001 - raised by the thread that waits
        for index, _ in local:
            put(WorkerEnd(index, error))
        return
    parts = [LocalTasks(index, tasks, examples, put) for index, tasks in local]
    for index, ended in local_events(parts, stop):
        put(WorkerEnd(index, ended))
