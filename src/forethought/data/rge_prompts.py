"""RGE's wording of the prompts of MMEB-train, by subset.

From the repository MCG-NJU/RGE at 6074444, `src/instruction_replacements.yaml` and
`src/candidate_replacements.yaml`, which the published code applies to training and evaluation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class PromptRewrite:
    """Replaces `text` by `by`, then puts `prefix` in front; a text among `whole` is replaced whole."""

    text: str = ""
    by: str = ""
    prefix: str = ""
    whole: tuple[tuple[str, str], ...] = ()

    def apply(self, text: str) -> str:
        """The rewritten text."""
        text = dict(self.whole).get(text, text)
        return self.prefix + (text.replace(self.text, self.by) if self.text else text)


def _category(what: str, *, of: str) -> PromptRewrite:
    return PromptRewrite(
        of, f"Identify the category of the {what} in the given image for classification"
    )


def _question(what: str) -> PromptRewrite:
    return PromptRewrite(
        "Represent the given image with the following question:",
        f"Answer {what} based on the given image:",
    )


def _one_word(what: str) -> PromptRewrite:
    return PromptRewrite(prefix=f"Summarize the following {what} in one word: ")


_IMAGE = PromptRewrite("Represent the given image", "Summarize the given image in one word")
_OBJECT = "main object"

QUERIES: Mapping[str, PromptRewrite] = MappingProxyType(
    {
        "ImageNet_1K": _category(_OBJECT, of="Represent the given image for classification"),
        "N24News": PromptRewrite(
            "Represent the given news image with the following caption for domain classification",
            "Identify the category of the given news with the following caption for domain "
            "classification",
        ),
        "HatefulMemes": PromptRewrite(
            "Represent the given image for binary classification to determine whether it "
            "constitutes hateful speech or not",
            "Determine whether the given image contains hateful speech or not for binary "
            "classification",
        ),
        "VOC2007": _category(_OBJECT, of="Identify the object shown in the image"),
        "SUN397": _category("scene", of="Identify the scene shown in the image"),
        "ChartQA": _question("a chart-related question"),
        "DocVQA": _question("a document-related question"),
        "InfographicsVQA": _question("an infographic-related question"),
        "OK-VQA": _question("the question"),
        "A-OKVQA": _question("the question"),
        "Visual7W": _question("the question"),
        "VisDial": PromptRewrite(
            "Represent the given dialogue about an image, which is used for image retrieval",
            "Describe and represent the following dialogue about an image for image retrieval",
        ),
        "CIRR": PromptRewrite(
            "Given an image, find a similar everyday image with the described changes",
            "Describe and represent the above image and the following described changes about the "
            "given image for composed image retrieval",
        ),
        "VisualNews_t2i": PromptRewrite(
            "Retrieve an image of this news caption",
            "Describe and represent the following news caption for news photo retrieval",
        ),
        "VisualNews_i2t": PromptRewrite(
            "Find a caption for the news in the given photo",
            "Describe and represent the above image for news caption retrieval",
        ),
        "MSCOCO_t2i": PromptRewrite(
            "Find me an everyday image that matches the given caption",
            "Describe and represent the following image caption for everyday image retrieval",
        ),
        "MSCOCO_i2t": PromptRewrite(
            "Find an image caption describing the given everyday image",
            "Describe and represent the above everyday image for a corresponding image caption "
            "retrieval",
        ),
        "NIGHTS": PromptRewrite(
            "Find a day-to-day image that looks similar to the provided image",
            "Describe and represent the above day-to-day image for a similar image retrieval",
        ),
        "WebQA": PromptRewrite(
            "Find a Wikipedia image that answers this question",
            "Answer and represent the following question for a Wikipedia image retrieval",
        ),
        "MSCOCO": PromptRewrite(
            "Select the portion of the image that isolates the object labeled as",
            "Describe and focus on the object in the image labeled as",
        ),
    }
)
"""The query's wording in each of the 20 subsets of MMEB-train."""

TARGETS: Mapping[str, PromptRewrite] = MappingProxyType(
    {
        "ImageNet_1K": _one_word("object category"),
        "N24News": _one_word("news category"),
        "HatefulMemes": PromptRewrite(
            whole=(
                (
                    "Yes",
                    "Summarize the following statement in one word: Yes, it contains hateful "
                    "speech.",
                ),
                (
                    "No",
                    "Summarize the following statement in one word: No, it does not contain "
                    "hateful speech.",
                ),
            )
        ),
        "VOC2007": _one_word("object category"),
        "SUN397": _one_word("scene category"),
        "ChartQA": _one_word("answer"),
        "DocVQA": _one_word("answer"),
        "InfographicsVQA": _one_word("answer"),
        "OK-VQA": _one_word("answer"),
        "A-OKVQA": _one_word("answer"),
        "Visual7W": _one_word("answer"),
        "VisDial": _IMAGE,
        "CIRR": _IMAGE,
        "VisualNews_t2i": _IMAGE,
        "VisualNews_i2t": _one_word("news caption"),
        "MSCOCO_t2i": _IMAGE,
        "MSCOCO_i2t": _one_word("sentence"),
        "NIGHTS": _IMAGE,
        "WebQA": PromptRewrite(
            "Represent the given Wikipedia image with related text information",
            "Summarize the given Wikipedia image with the following related text information in "
            "one word",
        ),
        "MSCOCO": PromptRewrite(
            "Represent the given cropped image of the object",
            "Summarize the given cropped image of the object in one word",
        ),
    }
)
"""The target's wording in each of the same subsets."""
