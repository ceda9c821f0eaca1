"""Two small tasks of mteb: colours in texts, and colours in pictures."""

import PIL.Image
from datasets import Dataset, Features, Value
from datasets import Image as Picture
from mteb.abstasks.retrieval import AbsTaskRetrieval
from mteb.abstasks.task_metadata import TaskMetadata

TEXTS = {
    "r": {"id": "r", "title": "red", "text": "paint"},
    "g": {"id": "g", "title": "", "text": "green mixed with red or blue"},
    "b": {"id": "b", "title": "blue", "text": "and green sky"},
    "e": {"id": "e", "title": "", "text": ""},
}


def metadata(name, category, prompt, modalities):
    return TaskMetadata(
        name=name,
        description="A small task.",
        dataset={"path": "none/none", "revision": "1"},
        prompt=prompt,
        type="Retrieval" if modalities == ["text"] else "Any2AnyRetrieval",
        category=category,
        modalities=modalities,
        eval_splits=["test"],
        eval_langs=["eng-Latn"],
        main_score="ndcg_at_10",
    )


class InTexts(AbsTaskRetrieval):
    """Relevant to red is the nearest document; to blue, the second nearest."""

    metadata = metadata("InTexts", "t2t", "Find the paint.", ["text"])

    def load_data(self, *args, **kwargs):
        del args, kwargs
        queries = [{"id": name, "text": name} for name in ("red", "blue")]
        self.dataset = {
            "default": {
                "test": {
                    "corpus": Dataset.from_list(list(TEXTS.values())),
                    "queries": Dataset.from_list(queries),
                    "relevant_docs": {"red": {"r": 1}, "blue": {"g": 1}},
                    "top_ranked": None,
                }
            }
        }
        self.data_loaded = True


class InPictures(AbsTaskRetrieval):
    """Pictures for texts; relevant to blue is violet, the second nearest."""

    metadata = metadata(
        "InPictures", "t2i", {"query": "Find a picture.", "document": "A picture."},
        ["text", "image"],
    )  # fmt: skip
    pictures: dict[str, PIL.Image.Image]  # set by the test

    def load_data(self, *args, **kwargs):
        del args, kwargs
        corpus = {"id": list(self.pictures), "image": list(self.pictures.values())}
        features = Features({"id": Value("string"), "image": Picture()})
        names = ["red", "green", "blue"]
        relevant = {"red": "red", "green": "green", "blue": "violet"}
        self.dataset = {
            "default": {
                "test": {
                    "corpus": Dataset.from_dict(corpus, features=features),
                    "queries": Dataset.from_dict({"id": names, "text": names}),
                    "relevant_docs": {name: {relevant[name]: 1} for name in names},
                    "top_ranked": None,
                }
            }
        }
        self.data_loaded = True
