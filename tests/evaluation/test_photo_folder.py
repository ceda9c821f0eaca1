from pathlib import Path

import PIL.Image
import pytest

from forethought.errors import ContentError, DataError
from forethought.evaluation import Benchmark, evaluate, read_photos
from forethought.types import Image, Side, Text, Think

PICTURES = {
    "red.png": ((255, 0, 0), "red\nrouge\n"),
    "blue.jpg": ((0, 0, 255), "\n   \n  blue  \n"),
    "more/grass.png": ((10, 240, 10), "green"),
    "more/leaf.webp": ((0, 200, 0), "\ufeffgreen\n"),
}


def paint(path: Path, colour: tuple[int, int, int], caption: str | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.new("RGB", (9, 7), colour).save(path)
    if caption is not None:
        path.with_suffix(".txt").write_text(caption, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures in three colours, two of them with one caption."""
    for name, (colour, caption) in PICTURES.items():
        paint(tmp_path / "shed" / name, colour, caption)
    return tmp_path / "shed"


def test_a_caption_asks_for_every_picture_that_has_it(folder):
    benchmark = read_photos(folder)
    assert isinstance(benchmark, Benchmark)
    (task,) = benchmark.tasks
    assert (task.name, task.split) == ("captions", "shed")
    assert [item.media for item in task.documents] == [
        ("blue.jpg",),
        ("more/grass.png",),
        ("more/leaf.webp",),
        ("red.png",),
    ]
    assert [item.text for item in task.queries] == ["blue", "green", "red"]
    assert task.relevance == ({0: 1.0}, {1: 1.0, 2: 1.0}, {3: 1.0})
    assert benchmark.notes == ("4 pictures are ranked",)


def test_it_is_scored_like_any_benchmark(folder, painter):
    paint(folder / "purple.png", (90, 0, 90), "blue")
    (result,) = evaluate(read_photos(folder), painter, think=[Think.NEVER])
    assert list(result.metrics) == ["hit@1", "hit@10", "ndcg@5"]
    assert result.metrics["hit@1"].tolist() == [1.0, 1.0, 1.0]
    # Purple is as near to red as to blue: behind blue for "blue" and behind red for "red".
    assert result.metrics["ndcg@5"].tolist() == [1.0, 1.0, 1.0]


def test_ten_ranks_are_looked_at(folder, painter):
    for number in range(9):
        paint(folder / f"red{number}.png", (255 - number, 0, 0), None)
    paint(folder / "pink.png", (255, 120, 120), "red too")
    paint(folder / "dark.png", (120, 60, 60), "red")
    (folder / "red.txt").unlink()
    (result,) = evaluate(read_photos(folder), painter, think=[Think.NEVER])
    queries = [query.text for query in read_photos(folder).tasks[0].queries]
    # Ten redder pictures lie before the only one with this caption.
    at = queries.index("red")
    assert result.ranking is not None
    assert result.ranking.best[at] == 12
    assert (result.metrics["hit@1"][at], result.metrics["hit@10"][at]) == (0.0, 0.0)


def test_messages_hold_the_picture_or_the_caption_and_an_instruction(folder):
    benchmark = read_photos(folder)
    (task,) = benchmark.tasks
    query = benchmark.message(task.queries[0], Side.QUERY)
    document = benchmark.message(task.documents[0], Side.DOCUMENT)
    assert query.content == (Text("blue"),)
    (image,) = document.content
    assert isinstance(image, Image)
    assert image.pixels.shape == (7, 9, 3)
    assert query.instruction == "Find the picture these words describe."
    assert document.instruction == "Picture."


def test_a_cap_keeps_every_picture(folder):
    benchmark = read_photos(folder, max_queries=2)
    assert [query.text for query in benchmark.tasks[0].queries] == ["blue", "red"]
    assert len(benchmark.tasks[0].documents) == 4
    assert benchmark.max_queries == 2


def test_the_revision_changes_with_pictures_and_captions(folder):
    first = read_photos(folder).revision
    assert read_photos(folder, max_queries=1).revision == first
    (folder / "red.txt").write_text("scarlet")
    second = read_photos(folder).revision
    paint(folder / "red.png", (254, 0, 0), "scarlet")
    assert len({first, second, read_photos(folder).revision}) == 3


def test_pictures_without_a_caption_are_ranked_counted_and_named(folder):
    for name, caption in [("a", None), ("b", ""), ("c", " \n\t\n"), ("d", None)]:
        paint(folder / f"{name}.png", (1, 2, 3), caption)
    benchmark = read_photos(folder)
    (task,) = benchmark.tasks
    assert len(task.documents) == 8
    assert [query.text for query in task.queries] == ["blue", "green", "red"]
    assert benchmark.notes == (
        "8 pictures are ranked",
        "4 of them have no caption: a.png, b.png, c.png and 1 more",
    )


def test_pictures_of_one_stem_share_its_caption(folder):
    paint(folder / "red.gif", (250, 0, 0), None)
    (task,) = read_photos(folder).tasks
    reds = [index for index, item in enumerate(task.documents) if item.media[0].startswith("red.")]
    assert len(reds) == 2
    assert task.relevance[2] == dict.fromkeys(reds, 1.0)


def test_files_that_are_no_pictures_here_are_counted(folder):
    (folder / "cat.svg").write_text("<svg/>")
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    assert read_photos(folder).notes == (
        "4 pictures are ranked",
        "1 files cannot be read: gone.png",
        "left out: 1 SVG",
    )


def test_refuses_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        read_photos(tmp_path / "nowhere")


def test_refuses_a_folder_without_pictures(tmp_path):
    (tmp_path / "dog.txt").write_text("a dog")
    with pytest.raises(DataError, match="no pictures in it or below it"):
        read_photos(tmp_path)


def test_refuses_a_folder_whose_pictures_cannot_be_read(tmp_path):
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match=r"no picture can be read; gone\.png: a link to a file"):
        read_photos(tmp_path)


def test_refuses_a_folder_without_captions(folder):
    for path in folder.rglob("*.txt"):
        path.unlink()
    with pytest.raises(
        DataError, match=r"none of the 4 pictures has a caption; describe blue\.jpg in blue\.txt"
    ):
        read_photos(folder)


def test_refuses_a_caption_in_another_encoding(folder):
    (folder / "red.txt").write_bytes("fächer".encode("latin-1"))
    with pytest.raises(DataError, match=r"red\.txt: byte 1 is not UTF-8; save the caption"):
        read_photos(folder)


def test_refuses_a_caption_that_is_a_folder(folder):
    (folder / "red.txt").unlink()
    (folder / "red.txt").mkdir()
    with pytest.raises(DataError, match=r"red\.txt: Is a directory; make it a file"):
        read_photos(folder)


def test_a_broken_picture_is_named(folder, painter):
    (folder / "red.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    with pytest.raises(ContentError, match=r"red\.png"):
        evaluate(read_photos(folder), painter, think=[Think.NEVER])
