"""Rationales for the examples of a file: asks every worker, and writes what comes as it comes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from forethought.annotation.annotation_report import AnnotationReport, WorkerReport
from forethought.annotation.clean_candidates import clean_candidate, reject_duplicates
from forethought.annotation.events import WorkerEvent, WorkerFailure, WorkerReply
from forethought.annotation.run_workers import run_workers
from forethought.annotation.tasks import (
    InputGroup,
    WorkerTasks,
    copies_for,
    group_inputs,
    tasks_left,
)
from forethought.annotation.worker import WorkersFile
from forethought.data import (
    Candidate,
    ExampleInputs,
    ExampleLines,
    append_candidates,
    read_candidates,
    write_candidates,
)
from forethought.errors import ConfigError, DataError, ForethoughtError
from forethought.files import check_target, file_lock
from forethought.types import Progress, Side, ignore_progress

_MAX_FAILURES = 5
_SIDES = (Side.QUERY, Side.DOCUMENT)


def annotate(
    examples: Path,
    workers: WorkersFile,
    out: Path,
    *,
    documents: bool = False,
    progress: Progress = ignore_progress,
) -> AnnotationReport:
    """Let workers write rationales about the queries of a JSON Lines file, and store them in `out`.

    Each reply is appended as it comes. What `out` holds is not written again, so an interrupted
    run is resumed by the same call, and a worker or more samples may be added to a finished one.
    At the end the file is cleaned and put in order: it depends on the replies and not on the order
    in which they came.

    Args:
        documents: write about the positives too.
        progress: called with the number of requests done, failed ones among them, and of all.

    Raises:
        ConfigError: if `out` cannot be written, another process writes it, a key is not set, or a
            worker wrote in it with other settings.
        DataError: if the examples cannot be read, or `out` belongs to other examples.
    """
    check_target(out)
    if out.exists() and examples.exists() and out.samefile(examples):
        raise ConfigError(f"{out} is the file of examples; name another one for the candidates")
    inputs = ExampleInputs.read(examples)
    groups = group_inputs(inputs.inputs, documents=documents)
    if not groups:
        raise DataError(f"{examples}: it holds no example; write at least one")
    with _locked(out):
        run = _Run(workers, inputs, ExampleLines(examples), groups, out)
        run.start()
        with closing(run_workers(run.tasks, inputs)) as events:
            for event in events:
                run.receive(event)
                progress(run.done, run.total, run.label)
        return run.finish()


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    lock = file_lock(out.with_name(f".{out.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except TimeoutError:
        raise ConfigError(
            f"{out}: another process writes it; wait for it, or name another file"
        ) from None
    try:
        yield
    finally:
        lock.release()


@dataclass(slots=True)
class _Run:
    workers: WorkersFile
    inputs: ExampleInputs
    lines: ExampleLines
    groups: Sequence[InputGroup]
    out: Path
    tasks: list[WorkerTasks] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    failed: Counter[int] = field(default_factory=Counter)
    lasting: Counter[int] = field(default_factory=Counter)
    replied: Counter[int] = field(default_factory=Counter)
    tokens: tuple[int, int] = (0, 0)
    cost: float = 0.0
    errors: dict[int, str] = field(default_factory=dict)

    def start(self) -> None:
        """Read what is stored, and copy it to examples of the same inputs that lack it."""
        if self.out.exists():
            self.candidates = read_candidates(self.out, self.inputs)
        self.tasks = tasks_left(self.workers.workers, self.groups, self.candidates)
        copies = list(self._missing_copies())
        if copies:
            self._store(copies)

    @property
    def total(self) -> int:
        """The requests of this run."""
        return sum(len(one.tasks) for one in self.tasks)

    @property
    def done(self) -> int:
        """The requests that are done, failed ones among them."""
        return self.replied.total() + self.failed.total()

    @property
    def label(self) -> str:
        """Failures, tokens and cost of this run."""
        parts = [f"{self.failed.total()} failed"] if self.failed else []
        parts.append(f"{sum(self.tokens):,} tokens")
        if self.cost:
            parts.append(f"cost {self.cost:.4g}")
        return ", ".join(parts)

    def receive(self, event: WorkerEvent) -> None:
        """Store a reply, or count a failure.

        Raises:
            Exception: of a worker that ended early for a fault of ours.
        """
        if isinstance(event, WorkerReply):
            self._receive_reply(event)
        elif isinstance(event, WorkerFailure):
            self.failed[event.worker] += 1
            self.lasting[event.worker] += event.is_lasting
            if len(self.failures) < _MAX_FAILURES and event.message not in self.failures:
                self.failures.append(event.message)
        elif event.error is not None:
            if not isinstance(event.error, ForethoughtError | ModuleNotFoundError):
                raise event.error
            self.errors[event.worker] = str(event.error)

    def finish(self) -> AnnotationReport:
        """Clean all candidates, write them in order, and count."""
        order = {worker.name: index for index, worker in enumerate(self.workers.workers)}
        ordered = sorted(
            self.candidates,
            key=lambda one: (
                *(one.line, _SIDES.index(one.side), one.document),
                *(order.get(one.worker, len(order)), one.worker, one.sample),
            ),
        )
        cleaned = [*self._cleaned(ordered)]
        cleaned = reject_duplicates(cleaned, distance=self.workers.cleaning.distance)
        write_candidates(self.out, cleaned)
        self.candidates = cleaned
        return self._report()

    def _receive_reply(self, reply: WorkerReply) -> None:
        worker = self.workers.workers[reply.worker]
        group = self.groups[reply.task.group]
        first = group.first
        candidate = Candidate(
            line=first.line,
            side=first.side,
            document=first.document,
            worker=worker.name,
            sample=reply.task.sample,
            thinking=reply.thinking,
            answer=reply.answer,
            input=first.digest,
            made_by=worker.made_by,
            rejected=reply.rejected,
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
        )
        self._store([*self._cleaned(copies_for(candidate, group.members))])
        self.replied[reply.worker] += 1
        self.tokens = (
            self.tokens[0] + reply.prompt_tokens,
            self.tokens[1] + reply.completion_tokens,
        )
        self.cost += worker.cost(
            prompt_tokens=reply.prompt_tokens, completion_tokens=reply.completion_tokens
        )

    def _store(self, candidates: Sequence[Candidate]) -> None:
        append_candidates(self.out, candidates)
        self.candidates += candidates

    def _cleaned(self, candidates: Sequence[Candidate]) -> Iterator[Candidate]:
        index, line = -1, None
        for one in candidates:
            if line is None or one.line != index:
                index, line = one.line, self.lines[one.line]
            yield clean_candidate(one, self.workers.cleaning, line)

    def _missing_copies(self) -> Iterator[Candidate]:
        """Copies of stored candidates for members of their group that have none yet."""
        members = {(g.first.side, g.first.digest): g.members for g in self.groups}
        stored = {(one.key, one.worker, one.sample) for one in self.candidates}
        for one in list(self.candidates):
            for copy in copies_for(one, members.get((one.side, one.input), ())):
                key = (copy.key, copy.worker, copy.sample)
                if key not in stored:
                    stored.add(key)
                    yield replace(copy, prompt_tokens=0, completion_tokens=0)

    def _report(self) -> AnnotationReport:
        covered = {one.key for one in self.candidates if not one.rejected}
        keys = [(m.line, m.side, m.document) for group in self.groups for m in group.members]
        return AnnotationReport(
            workers=tuple(self._worker_report(index) for index in range(len(self.tasks))),
            inputs=len(self.groups),
            sides=len(keys),
            without=sum(key not in covered for key in keys),
            failures=tuple(self.failures),
            unfinished=self.total - self.replied.total() - self.lasting.total(),
        )

    def _worker_report(self, index: int) -> WorkerReport:
        worker = self.workers.workers[index]
        rows = [one for one in self.candidates if one.worker == worker.name]
        written = len({(one.side, one.input, one.sample) for one in rows})
        return WorkerReport(
            worker=worker,
            written=written,
            stored=written - self.replied[index],
            failed=self.failed[index],
            usable=sum(not one.rejected for one in rows),
            rejected=Counter(one.rejected for one in rows if one.rejected),
            prompt_tokens=sum(one.prompt_tokens for one in rows),
            completion_tokens=sum(one.completion_tokens for one in rows),
            error=self.errors.get(index, ""),
        )
