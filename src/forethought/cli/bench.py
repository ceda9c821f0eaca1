"""`forethought bench`: what a model does on this machine."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.cli import console
from forethought.cli.embed_inputs import read_inputs
from forethought.errors import ConfigError, ContentError, DataError
from forethought.types import Side

if TYPE_CHECKING:
    from forethought.doctor import ModeThroughput, Throughput
    from forethought.encoders import EncodeInput

_SAMPLES = 12


def bench(
    model: Annotated[
        str, typer.Argument(help="A folder, a name that ships, or a repository as owner/name.")
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[INPUT]...",
            help="Files, folders or JSON Lines, as `forethought embed` takes them; by default "
            f"{_SAMPLES} built-in texts and generated pictures.",
        ),
    ] = None,
    *,
    limit: Annotated[int, typer.Option(help="Measure the first so many inputs.")] = 64,
    repeats: Annotated[int, typer.Option(help="Timed rounds; 1 for a first look.")] = 5,
    batch_size: Annotated[int, typer.Option(help="Inputs that run together.")] = 64,
    device: Annotated[
        str, typer.Option(help="Where it runs; by default the first GPU if there is one.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure direct and thought vectors a second, decoded tokens a second, and peak memory.

    The share of the roofline is the least time in which this machine, by its measured bandwidth
    and matrix products, could decode the same tokens, over the time taken.
    """
    for name, value in (("limit", limit), ("repeats", repeats), ("batch-size", batch_size)):
        if value < 1:
            raise ConfigError(f"--{name} is {value}; it must be at least 1")
    contents, source = _contents(inputs or [], limit)
    with console.spinner(f"loading {model}"):
        from forethought.doctor import measure_throughput
        from forethought.encoders import load

        encoder = load(model, device=device or None)
    with console.progress_bar("measuring") as progress:
        found = measure_throughput(
            encoder,
            contents,
            repeats=repeats,
            batch_size=batch_size,
            progress=progress,
        )
    if as_json:
        console.print_json(_payload(found, source))
    else:
        _print(found, source)


def _contents(inputs: list[str], limit: int) -> "tuple[list[EncodeInput], str]":
    """At most `limit` opened inputs, and where they come from; without `inputs` the built-in ones."""
    if not inputs:
        return _samples(min(limit, _SAMPLES))
    items = read_inputs(inputs)
    if items.errors:
        raise DataError(f"{items.errors[0]}; correct this or leave the input out")
    if not items.valid:
        raise DataError(f"{' '.join(inputs)}: nothing to embed; give at least one input")
    contents: list[EncodeInput] = []
    for item in items.valid[:limit]:
        try:
            # `measure_throughput` embeds its inputs as queries.
            contents.append(item.open(Side.QUERY))
        except ContentError as error:
            raise DataError(f"{item.label}: {error}") from None
    names = " ".join(inputs)
    return contents, f"{len(contents)} of {len(items.valid)} inputs from {names}"


def _samples(count: int) -> "tuple[list[EncodeInput], str]":
    from forethought.doctor import sample_inputs

    number = f"{count} of {_SAMPLES}" if count < _SAMPLES else f"{_SAMPLES}"
    return [*sample_inputs(count)], f"{number} built-in texts and generated pictures"


def _payload(found: "Throughput", source: str) -> dict[str, object]:
    payload: dict[str, object] = asdict(found) | {"inputs": source}
    for name, mode in (("direct", found.direct), ("thought", found.thought)):
        if mode:
            payload[name] = {
                "items_per_second": mode.items_per_second,
                "seconds": list(mode.times.seconds),
                "inputs": mode.inputs,
                "tokens": mode.tokens,
                "peak_bytes": mode.peak_bytes,
            }
    return payload


def _print(found: "Throughput", source: str) -> None:
    plural = "s" * (found.threads > 1)
    threads = f", {found.threads} thread{plural}" if found.device == "cpu" else ""
    count = len(found.direct.times.seconds)
    rounds = f"median of {count} rounds" if count > 1 else "1 round"
    print(f"{console.one_line(found.model)} {found.revision}, {found.dtype}")
    print(f"{found.machine} ({found.device}{threads})")
    print(f"{console.one_line(source)}; batches of {found.batch_size}; {rounds}\n")
    print(f"{'':<8} {'items/s':>9} {'s (min-max)':>26} {'tokens':>7} {'peak memory':>12}")
    for name, mode in (("direct", found.direct), ("thought", found.thought)):
        if mode:
            print(_row(name, mode))
    print()
    if found.decode:
        rates = found.decode.rates
        print(
            f"decoding {found.decode.tokens_per_second:.0f} tokens/s, "
            f"{found.decode.roofline:.0%} of the roofline "
            f"(copy {rates.bandwidth / 1e9:.1f} GB/s, matmul {rates.matmul / 1e12:.3f} TFLOP/s)"
        )
    if found.note:
        print(console.one_line(found.note))


def _row(name: str, mode: "ModeThroughput") -> str:
    times = mode.times
    spread = f"{times.median:.3f}"
    if len(times.seconds) > 1:
        spread += f" ({times.low:.3f}-{times.high:.3f})"
    memory = f"{mode.peak_bytes / 2**20:,.0f} MiB"
    return (
        f"{name:<8} {mode.items_per_second:>9.2f} {spread:>26} {mode.tokens or '':>7} {memory:>12}"
    )
