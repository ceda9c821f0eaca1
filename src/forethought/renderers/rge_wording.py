"""How RGE words MMEB's tasks: a verb for the query to act on, one word for the document.

The strings are the released ones (MCG-NJU/RGE, its evaluation files); that data sets which
share their wording are one task is ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from forethought.errors import ConfigError
from forethought.types import Side

_IMAGE = ("Represent the given image", "Summarize the given image in one word")
_CROP = (
    "Represent the given cropped image of the object",
    "Summarize the given cropped image of the object in one word",
)
_RELATED = (
    "Represent the given Wikipedia image with related text information",
    "Summarize the given Wikipedia image with the following related text information in one word",
)
_QUESTION = "Represent the given image with the following question:"
_EXPRESSION = (
    "Select the portion of the image that follows the language expressions",
    "Describe and focus on the object in the image that follows the following language expressions",
)


@dataclass(frozen=True, slots=True)
class Wording:
    """One task's two sides.

    A query's text that holds one of `asked` has it said as `ask`. A document's text is looked
    up in `answers`, then has `shown[0]` said as `shown[1]`, then is put behind `prefix`.
    """

    datasets: tuple[str, ...]
    asked: tuple[str, ...]
    ask: str
    prefix: str = ""
    shown: tuple[str, str] | None = None
    answers: tuple[tuple[str, str], ...] = ()


def _one_word(kind: str) -> str:
    return f"Summarize the following {kind} in one word: "


def _question(kind: str, *datasets: str) -> Wording:
    ask = f"Answer {kind} based on the given image:"
    return Wording(datasets, (_QUESTION,), ask, prefix=_one_word("answer"))


TASKS: Mapping[str, Wording] = MappingProxyType(
    {
        "object": Wording(
            ("ImageNet-1K", "ImageNet-A", "ImageNet-R", "VOC2007", "ObjectNet"),
            (
                "Represent the given image for classification",
                "Identify the object shown in the image",
            ),
            "Identify the category of the main object in the given image for classification",
            prefix=_one_word("object category"),
        ),
        "scene": Wording(
            ("SUN397", "Place365"),
            ("Identify the scene shown in the image",),
            "Identify the category of the scene in the given image for classification",
            prefix=_one_word("scene category"),
        ),
        "country": Wording(
            ("Country211",),
            ("Identify the country depicted in the image",),
            "Identify the category of the country depicted in the given image for classification",
            prefix=_one_word("country category"),
        ),
        "news-category": Wording(
            ("N24News",),
            (
                "Represent the given news image with the following caption for domain "
                "classification",
            ),
            "Identify the category of the given news with the following caption for domain "
            "classification",
            prefix=_one_word("news category"),
        ),
        "hate": Wording(
            ("HatefulMemes",),
            (
                "Represent the given image for binary classification to determine whether it "
                "constitutes hateful speech or not",
            ),
            "Determine whether the given image contains hateful speech or not for binary "
            "classification",
            answers=(
                ("Yes", _one_word("statement") + "Yes, it contains hateful speech."),
                ("No", _one_word("statement") + "No, it does not contain hateful speech."),
            ),
        ),
        "question": _question("the question", "OK-VQA", "A-OKVQA", "Visual7W"),
        "any-question": _question("a question", "VizWiz", "GQA", "TextVQA"),
        "chart": _question("a chart-related question", "ChartQA"),
        "document": _question("a document-related question", "DocVQA"),
        "infographic": _question("an infographic-related question", "InfographicsVQA"),
        "science": _question("a science-related question", "ScienceQA"),
        "dialogue": Wording(
            ("VisDial",),
            ("Represent the given dialogue about an image, which is used for image retrieval",),
            "Describe and represent the following dialogue about an image for image retrieval",
            shown=_IMAGE,
        ),
        "change": Wording(
            ("CIRR",),
            ("Given an image, find a similar everyday image with the described changes",),
            "Describe and represent the above image and the following described changes about "
            "the given image for composed image retrieval",
            shown=_IMAGE,
        ),
        "fashion": Wording(
            ("FashionIQ",),
            ("Find an image to match the fashion image and style note",),
            "Describe and represent the above fashion image and the following described "
            "modification on style note for a fashion image retrieval",
            shown=_IMAGE,
        ),
        "news-image": Wording(
            ("VisualNews_t2i",),
            ("Retrieve an image of this news caption",),
            "Describe and represent the following news caption for news photo retrieval",
            shown=_IMAGE,
        ),
        "news-caption": Wording(
            ("VisualNews_i2t",),
            ("Find a caption for the news in the given photo",),
            "Describe and represent the above image for news caption retrieval",
            prefix=_one_word("news caption"),
        ),
        "image": Wording(
            ("MSCOCO_t2i",),
            ("Find me an everyday image that matches the given caption",),
            "Describe and represent the following descriptive caption for everyday image retrieval",
            shown=_IMAGE,
        ),
        "caption": Wording(
            ("MSCOCO_i2t",),
            ("Find an image caption describing the given everyday image",),
            "Describe and represent the above everyday image for a corresponding description "
            "retrieval",
            prefix=_one_word("sentence"),
        ),
        "alike": Wording(
            ("NIGHTS",),
            ("Find a day-to-day image that looks similar to the provided image",),
            "Describe and represent the above day-to-day image for a similar image retrieval",
            shown=_IMAGE,
        ),
        "wikipedia-question": Wording(
            ("WebQA",),
            ("Find a Wikipedia image that answers this question",),
            "Answer and represent the following question for a Wikipedia image retrieval",
            shown=_RELATED,
        ),
        "wikipedia-pair": Wording(
            ("OVEN",),
            (
                "Retrieve a Wikipedia image-description pair that provides evidence for the "
                "question of this image",
            ),
            "Describe and represent the above image and the following question for a Wikipedia "
            "image-description pair retrieval",
            shown=_RELATED,
        ),
        "news-pair": Wording(
            ("EDIS",),
            ("Find a news image that matches the provided caption",),
            "Describe and represent the following provided caption for a news image retrieval",
            shown=(
                "Represent the given image with related text information",
                "Summarize the given image with the following related text information in one word",
            ),
        ),
        "document-image": Wording(
            ("Wiki-SS-NQ",),
            ("Find the document image that can answer the given query",),
            "Describe and represent the following query for a document image retrieval",
            shown=_IMAGE,
        ),
        "labelled": Wording(
            ("MSCOCO",),
            # The doubled word stands in the published test data.
            ("Crop the image to to isolate the object labeled as",),
            "Describe and focus on the object in the image labeled as",
            shown=_CROP,
        ),
        "pointed": Wording(
            ("Visual7W-Pointing",),
            ("Select the portion of the image that answers the question",),
            "Describe and focus on the object in the image that answers the following question",
            shown=_CROP,
        ),
        "described": Wording(("RefCOCO",), _EXPRESSION[:1], _EXPRESSION[1], shown=_CROP),
        "matched": Wording(
            ("RefCOCO-Matching",), _EXPRESSION[:1], _EXPRESSION[1], shown=_EXPRESSION
        ),
    }
)
"""Every task's wording by its name."""


def reword(text: str, *, task: str, side: Side) -> str:
    """Say one of MMEB's texts as RGE was trained to read it.

    Raises:
        ConfigError: if there is no such task.
    """
    if task not in TASKS:
        raise ConfigError(f"unknown task {task!r}; known: {', '.join(TASKS)}")
    wording = TASKS[task]
    if side is Side.QUERY:
        for said in wording.asked:
            text = text.replace(said, wording.ask)
        return text
    text = dict(wording.answers).get(text, text)
    if wording.shown:
        text = text.replace(*wording.shown)
    return wording.prefix + text


def task_of(dataset: str) -> str:
    """The task that one of MMEB's data sets belongs to.

    Raises:
        ConfigError: if it is none of them.
    """
    for name, wording in TASKS.items():
        if dataset in wording.datasets:
            return name
    known = ", ".join(dataset for wording in TASKS.values() for dataset in wording.datasets)
    raise ConfigError(f"unknown data set {dataset!r}; known: {known}")
