"""Training data of 20 rows in every schema that the library reads, with small pictures.

Each function writes into a folder and gives the `[data]` table of a recipe that reads it. Rows are
of two tasks; queries, targets and pictures differ; every rationale is true of its row.
"""

import csv
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq

from forethought.types import Image, Message, Text

NUM_ROWS = 20
COLOURS = ("red", "green", "blue", "gold", "navy", "teal", "pink", "gray", "lime", "brown")
THINK_INSTRUCTION = (
    "Represent the above input text, images, videos, or any combination of the three as "
    "embeddings. First output the thinking process in <think> </think> tags and then summarize the "
    "entire input in a word or sentence. Finally, use the <gen_emb> tag to represent the entire "
    "input."
)
DataTable = dict[str, Any]


def words(message: Message) -> list[str]:
    """The texts of a message."""
    return [part.words for part in message.content if isinstance(part, Text)]


def images(message: Message) -> list[Image]:
    """The pictures of a message."""
    return [part for part in message.content if isinstance(part, Image)]


def picture(index: int) -> bytes:
    """A PNG of one colour; its size depends on the index."""
    file = io.BytesIO()
    size = (28 + 2 * (index % 5), 30 + index % 3)
    PIL.Image.new("RGB", size, COLOURS[index % len(COLOURS)]).save(file, "PNG")
    return file.getvalue()


def colour(index: int) -> str:
    """What the picture shows, in words that no other row has."""
    return f"{COLOURS[index % len(COLOURS)]} square, number {index}"


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_picture(path: Path, index: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture(index))


def write_parquet(path: Path, rows: list[DataTable]) -> None:
    """Small row groups, so that a row is not in the first one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=7)


def example(index: int, image: str | bytes) -> DataTable:
    """A row of the documented format: a picture is named, or a text is found as one."""
    pictured = {"content": [{"image": image}]}
    worded = {"content": [{"text": f"a {colour(index)}"}]}
    query, document = (pictured, worded) if index % 2 else (worded, pictured)
    thinking = f"One colour fills it, {COLOURS[index % len(COLOURS)]}."
    rationale = {"thinking": thinking, "answer": f"{COLOURS[index % len(COLOURS)]}"}
    return {
        "task": "naming" if index % 2 else "drawing",
        "query": {**query, "instruction": "Find it.", "rationale": rationale},
        "positives": [{**document, "label": f"square {index}"}],
        "negatives": [{"content": [{"text": f"no square, number {index}"}]}],
    }


def json_lines(folder: Path) -> DataTable:
    for index in range(NUM_ROWS):
        write_picture(folder / f"images/{index}.png", index)
    rows = [example(index, f"images/{index}.png") for index in range(NUM_ROWS)]
    path = folder / "examples.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return {"use": "json_lines", "path": str(path)}


def parquet(folder: Path) -> DataTable:
    """Pictures as bytes."""
    path = folder / "examples.parquet"
    write_parquet(path, [example(index, picture(index)) for index in range(NUM_ROWS)])
    return {"use": "parquet", "path": str(path)}


def lance(folder: Path) -> DataTable:
    """Pictures as bytes."""
    import lancedb

    rows = [example(index, picture(index)) for index in range(NUM_ROWS)]
    lancedb.connect(folder).create_table("examples", pa.Table.from_pylist(rows))
    return {"use": "lance", "path": str(folder / "examples.lance")}


def add_member(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def webdataset(folder: Path) -> DataTable:
    """Two shards, in which the same names mean other pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    half = NUM_ROWS // 2
    for shard in range(2):
        with tarfile.open(folder / f"shard-{shard:03}.tar", "w") as archive:
            for number in range(half):
                row = example(shard * half + number, f"{number:03}.image.png")
                add_member(archive, f"{number:03}.json", json.dumps(row).encode())
                add_member(archive, f"{number:03}.image.png", picture(shard * half + number))
    return {"use": "webdataset", "path": str(folder / "shard-{000..001}.tar")}


def conversations(task: str, placeholder: str, thinking: str, answer: str) -> list[DataTable]:
    prompt = f"{placeholder}\n{task}\n<disc_emb>\n{THINK_INSTRUCTION}"
    written = f"<think>{thinking}</think><answer>{answer}\n<gen_emb>"
    return [{"from": "human", "value": prompt}, {"from": "gpt", "value": written}]


def ume_r1_sft(folder: Path) -> DataTable:
    """One array; a side is a picture, a video or a text with the blank picture."""
    PIL.Image.new("RGB", (28, 28), "white").save(_in(folder, "images/blank.jpg"))
    rows = []
    for index in range(NUM_ROWS):
        if index % 2:
            frames = [f"frames/{index}/{frame}.png" for frame in range(2)]
            for name in frames:
                write_picture(folder / name, index)
            media: DataTable = {"video": frames}
        else:
            media = {"image": f"images/{index}.png"}
            write_picture(folder / f"images/{index}.png", index)
        kind = "video" if index % 2 else "image"
        name = COLOURS[index % len(COLOURS)]
        first_turns = conversations(
            f"What does the {kind} show?", f"<{kind}>", f"It is all {name}.", f"{name}"
        )
        worded = conversations(
            f"A {colour(index)}.", "<image>", f"The text has a {name} square.", f"a {name} square"
        )
        rows.append(
            {
                "dataset_name": "llavahound_caption" if index % 2 else "MSCOCO_i2t",
                "qry": {**media, "conversations": first_turns},
                "pos": {"image": "images/blank.jpg", "conversations": worded},
            }
        )
    write_json(folder / "ume-sft-train.json", rows)
    return {"use": "ume_r1_sft", "path": str(folder / "ume-sft-train.json"), "media": str(folder)}


def ume_r1_rl(folder: Path) -> DataTable:
    rows = []
    for index in range(NUM_ROWS):
        write_picture(folder / f"images/{index}.png", index)
        video = [f"images/{index}.png", f"images/{index - 1}.png"] if index % 2 else [""]
        rows.append(
            {
                "dataset": "image",
                "dataset_name": "MSR-VTT" if index % 2 else "WebQA",
                "qry_text": f"Find a {colour(index)}.",
                "qry_image": "",
                "qry_video": [""],
                "solution": "<embedding>",
                "pos_text": "Understand the content.",
                "pos_image": "" if index % 2 else f"images/{index}.png",
                "pos_video": video,
            }
        )
    write_json(folder / "ume-rl-train.json", rows)
    return {"use": "ume_r1_rl", "path": str(folder / "ume-rl-train.json"), "media": str(folder)}


def mmeb_rows(folder: Path, subset: str) -> list[DataTable]:
    """Half of the rows, of a subset that is asked about a picture, or finds one."""
    rows = []
    for index in range(subset != "A-OKVQA", NUM_ROWS, 2):
        name = f"images/{subset}/Train/{index}.png"
        write_picture(folder / name, index)
        if subset == "A-OKVQA":
            question = (
                f"<|image_1|>\nRepresent the given image with the following question: {index}?\n"
            )
            texts = {"qry": question, "pos_text": colour(index), "neg_text": f"no {index}"}
            images = {"qry_image_path": name, "pos_image_path": "", "neg_image_path": ""}
        else:
            caption = (
                f"Find me an everyday image that matches the given caption: {colour(index)}.\n"
            )
            target = "<|image_1|>\nRepresent the given image.\n"
            texts = {"qry": caption, "pos_text": target, "neg_text": ""}
            images = {"qry_image_path": "", "pos_image_path": name, "neg_image_path": ""}
        rows.append({**texts, **images})
    return rows


SUBSETS = ("A-OKVQA", "MSCOCO_t2i")


def mmeb_train(folder: Path) -> DataTable:
    for subset in SUBSETS:
        path = folder / subset / "original-00000-of-00001.parquet"
        write_parquet(path, mmeb_rows(folder, subset))
    return {"use": "mmeb_train", "path": str(folder)}


def rge(folder: Path) -> DataTable:
    for subset in SUBSETS:
        rows = [
            {**row, "rationale": f"It shows one colour, and is number {number} of them."}
            for number, row in enumerate(mmeb_rows(folder, subset))
        ]
        for row in rows:
            del row["neg_text"], row["neg_image_path"]
        write_json(folder / "rationales" / f"{subset}.json", rows)
    return {"use": "rge", "path": str(folder / "rationales"), "media": str(folder)}


def sentence_transformers(folder: Path, suffix: str = ".csv") -> DataTable:
    """Texts in commas, quotes and lines, and two hard negatives."""
    rows = [
        {
            "anchor": f'a square, "{COLOURS[index % len(COLOURS)]}",\nnumber {index}',
            "positive": colour(index),
            "negative_1": f"a circle, number {index}",
            "negative_2": f"a line, number {index}",
        }
        for index in range(NUM_ROWS)
    ]
    path = folder / f"pairs{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if suffix == ".parquet":
        write_parquet(path, rows)
    elif suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            delimiter = "\t" if suffix == ".tsv" else ","
            writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    return {"use": "sentence_transformers", "path": str(path)}


def _in(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


WRITERS: dict[str, Callable[[Path], DataTable]] = {
    "json_lines": json_lines,
    "lance": lance,
    "mmeb_train": mmeb_train,
    "parquet": parquet,
    "rge": rge,
    "sentence_transformers": sentence_transformers,
    "ume_r1_rl": ume_r1_rl,
    "ume_r1_sft": ume_r1_sft,
    "webdataset": webdataset,
}
"""The writer of every source, by its name in a recipe."""
