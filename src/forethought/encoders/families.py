"""The families of checkpoints that can be loaded, with their published settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from forethought.backbones import OWN_ARCHITECTURE, VideoSettings
from forethought.encoders.instructions import (
    FORETHOUGHT,
    MMEB,
    QWEN3_VL_EMBEDDING,
    RGE,
    UME_R1,
    PublishedInstructions,
)
from forethought.renderers import (
    UME_R1_INITIAL,
    ForethoughtRenderer,
    Layout,
    MmembR1Renderer,
    Qwen3VLEmbeddingRenderer,
    Renderer,
    RgeRenderer,
    Tag,
    UmeR1Renderer,
    Vlm2VecRenderer,
)
from forethought.types import FramePolicy, Mode, Pair, Side

BOTH = frozenset(Side)
NEITHER: frozenset[Side] = frozenset()
SAME = ((Mode.DIRECT, Mode.DIRECT), (Mode.THOUGHT, Mode.THOUGHT))
ALL = (*SAME, (Mode.THOUGHT, Mode.DIRECT), (Mode.DIRECT, Mode.THOUGHT))
DIRECT_DOCUMENTS = ((Mode.DIRECT, Mode.DIRECT), (Mode.THOUGHT, Mode.DIRECT))
DIRECT = ((Mode.DIRECT, Mode.DIRECT),)
PATCH = 28 * 28
"""Pixels per image token of Qwen2-VL and Qwen2.5-VL."""


@dataclass(frozen=True, slots=True)
class Family:
    """One published prompt format with its settings.

    `thinks` are the sides that may write a rationale, of at most `budget` tokens; `chooses`
    describes how `think="auto"` decides. `aligned` are the modes of queries and documents whose
    vectors share one space. `pixels` bounds an image; None keeps the checkpoint's
    limits. `video` None keeps the defaults of qwen-vl-utils, or, with `frames_as_images`, the
    limits of images. A checkpoint is recognised by the name in `repositories`, or by
    one of `architectures` and the tokens in `embeds`. `others` are the tokens of the format that
    a chat model's tokenizer may lack too. `initial` are new tokens, in the order in which they are
    added, with those whose embeddings they start with.
    """

    name: str
    title: str
    source: str
    architectures: tuple[str, ...]
    renderer: Callable[[Layout], Renderer]
    embeds: tuple[Tag, ...]
    thinks: frozenset[Side]
    chooses: str
    budget: int
    instructions: PublishedInstructions
    aligned: tuple[Pair, ...]
    pixels: tuple[int, int] | None = None
    video: VideoSettings | None = None
    frames_as_images: bool = False
    repositories: tuple[str, ...] = ()
    others: tuple[Tag, ...] = ()
    initial: tuple[tuple[Tag, str], ...] = ()

    @property
    def tags(self) -> tuple[Tag, ...]:
        """The tokens of its format that a chat model's tokenizer may lack, in order."""
        return tuple(dict.fromkeys((*dict(self.initial), *self.others, *self.embeds)))


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        family.name: family
        for family in (
            Family(
                name="forethought",
                title="Forethought",
                source="this repository",
                architectures=("qwen2_vl", OWN_ARCHITECTURE),
                renderer=ForethoughtRenderer,
                embeds=(Tag.DIRECT, Tag.THOUGHT),
                thinks=BOTH,
                chooses="a logistic gate on the direct vector",
                budget=64,
                instructions=FORETHOUGHT,
                aligned=ALL,
                frames_as_images=True,
                others=(Tag.THINK, Tag.THINK_END, Tag.ANSWER),
            ),
            Family(
                name="ume_r1",
                title="UME-R1",
                source="arXiv 2511.00405",
                architectures=("qwen2_vl",),
                renderer=UmeR1Renderer,
                embeds=(Tag.DIRECT, Tag.THOUGHT),
                thinks=BOTH,
                chooses="nothing published; add a gate",
                budget=8192,
                instructions=UME_R1,
                # No loss term joins the two (arXiv 2511.00405; the authors in issue 1).
                aligned=SAME,
                pixels=(PATCH, 2_359_296),
                video=VideoSettings(FramePolicy(count=8), min_pixels=PATCH, max_pixels=2_359_296),
                repositories=("zhibinlan/UME-R1-2B", "zhibinlan/UME-R1-7B"),
                initial=UME_R1_INITIAL,
            ),
            Family(
                name="rge",
                title="RGE",
                source="arXiv 2511.16150",
                architectures=("qwen2_5_vl",),
                renderer=RgeRenderer,
                embeds=(Tag.EMBED,),
                thinks=frozenset({Side.QUERY}),
                chooses="the side: queries think, documents never",
                budget=128,
                instructions=RGE,
                aligned=DIRECT_DOCUMENTS,
                pixels=(256 * PATCH, 1024 * PATCH),
                repositories=("MCG-NJU/RGE", "lcxrocks/RGE"),
            ),
            Family(
                name="mmemb_r1",
                title="MMEmb-R1",
                source="arXiv 2604.06156, completed by our choices",
                architectures=("qwen3_vl",),
                renderer=MmembR1Renderer,
                embeds=(Tag.THINK, Tag.EMBED),
                thinks=BOTH,
                chooses="the probability of the first token",
                budget=256,
                instructions=MMEB,
                aligned=ALL,
                others=(Tag.THINK_END,),
            ),
            Family(
                name="qwen3_vl_embedding",
                title="Qwen3-VL-Embedding",
                source="QwenLM/Qwen3-VL-Embedding",
                architectures=("qwen3_vl",),
                renderer=Qwen3VLEmbeddingRenderer,
                embeds=(),
                thinks=NEITHER,
                chooses="never thinks",
                budget=0,
                instructions=QWEN3_VL_EMBEDDING,
                aligned=DIRECT,
                pixels=(4096, 1_843_200),
                video=VideoSettings(
                    FramePolicy(fps=1.0, max_frames=64),
                    frame_list=FramePolicy(count=64),
                    min_pixels=128 * 32 * 32,
                    max_pixels=768 * 32 * 32,
                    total_pixels=7_864_320,
                ),
                repositories=("Qwen/Qwen3-VL-Embedding-2B", "Qwen/Qwen3-VL-Embedding-8B"),
            ),
            Family(
                name="vlm2vec",
                title="VLM2Vec-V2",
                source="TIGER-AI-Lab/VLM2Vec",
                architectures=("qwen2_vl",),
                renderer=Vlm2VecRenderer,
                embeds=(),
                thinks=NEITHER,
                chooses="never thinks",
                budget=0,
                instructions=MMEB,
                aligned=DIRECT,
                pixels=(4 * PATCH, 1280 * PATCH),
                video=VideoSettings(
                    FramePolicy(count=8), min_pixels=4 * PATCH, max_pixels=1280 * PATCH
                ),
                repositories=("VLM2Vec/VLM2Vec-V2.0",),
            ),
        )
    }
)
"""Every family by name."""
