"""The procedure of each system's model card, one input at a time.

Written from the cards and papers with stock networks, tokenizers and image processors: a chat
template makes a string, its placeholders are repeated, the string is tokenized, and `generate`
decodes. Nothing here is shared with the library.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import torch
import torch.nn.functional as F
from transformers import AutoTokenizer, Qwen2VLImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

from tests.published import CHECKPOINTS, NETWORKS

IMAGE, VIDEO, FRAME = (
    "<|image_pad|>",
    "<|video_pad|>",
    "<|vision_start|><|video_pad|><|vision_end|>",
)
UME_PROMPT = (
    "Represent the above input text, images, videos, or any combination of the three as "
    "embeddings. First output the thinking process in <think> </think> tags and then summarize "
    "the entire input in a word or sentence. Finally, use the <gen_emb> tag to represent the "
    "entire input."
)
MMEMB_PROMPT = (
    "Represent this input for retrieval. If reasoning would help, state the evidence that "
    "matters, infer what a match must contain, and finish with one summary sentence."
)


@dataclass(frozen=True)
class ReferenceInput:
    """One input: images or the frames of a video, and text."""

    instruction: str
    words: str = ""
    pictures: tuple[np.ndarray, ...] = ()
    frames: tuple[np.ndarray, ...] = ()
    frames_per_second: float = 2.0


@dataclass(frozen=True)
class ReferenceOutput:
    """A unit vector, and the completion before it."""

    vector: torch.Tensor
    token_ids: tuple[int, ...] = ()


class Reference:
    """One family's procedure."""

    def __init__(
        self,
        family: str,
        folder: Path,
        *,
        pixels: tuple[int, int],
        budget: int,
        frame_pixels: tuple[int, int] | None = None,
    ) -> None:
        self.family = family
        self.architecture = CHECKPOINTS[family].architecture
        network = NETWORKS[self.architecture][1]
        self.model: Any = network.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        settings = json.loads((folder / "preprocessor_config.json").read_text())
        self.pixels = pixels
        self.frame_pixels = frame_pixels or pixels
        self.budget = budget
        self.image_processor: Any = Qwen2VLImageProcessorPil(
            patch_size=settings["patch_size"],
            image_mean=settings["image_mean"],
            image_std=settings["image_std"],
            size={"shortest_edge": pixels[0], "longest_edge": pixels[1]},
        )

    # Text and pixels

    def text(self, given):
        """The prompt as a string, with one placeholder an image or video."""
        task = " ".join(part for part in (given.instruction, given.words) if part)
        media = [{"type": "video"}] if given.frames else []
        media += [{"type": "image"}] * len(given.pictures)
        if self.family == "vlm2vec":
            placeholders = [VIDEO] * bool(given.frames) + [IMAGE] * len(given.pictures)
            return " ".join([*placeholders, task])
        messages: list[dict[str, Any]] = []
        if self.family == "ume_r1":
            media = media or [{"type": "image"}]
            text = f"{task}\n<disc_emb>\n{UME_PROMPT}"
        elif self.family == "rge":
            text = ("\n" if media else "") + task + "\n"
        elif self.family == "mmemb_r1":
            text = f"{task}\n{MMEMB_PROMPT}"
        else:
            stop = "" if given.instruction[-1:] in {".", "?", ":"} else "."
            messages.append({"role": "system", "content": given.instruction + stop})
            text = given.words
        messages.append({"role": "user", "content": [*media, {"type": "text", "text": text}]})
        return self.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True
        )

    def inputs(self, given, ending=""):
        """The inputs of the network: ids, masks, pixels, grids."""
        text = self.text(given) + ending
        made: dict[str, torch.Tensor] = {}
        pictures = given.pictures
        if self.family == "ume_r1" and not pictures and not given.frames:
            pictures = (np.full((28, 28, 3), 255, np.uint8),)
        if pictures:
            processed = self.image_processor(
                images=[PIL.Image.fromarray(p) for p in pictures], return_tensors="pt"
            )
            made["pixel_values"], made["image_grid_thw"] = (
                processed["pixel_values"],
                processed["image_grid_thw"],
            )
            for grid in processed["image_grid_thw"]:
                text = text.replace(IMAGE, "<|held|>" * (int(grid.prod()) // 4), 1)
            text = text.replace("<|held|>", IMAGE)
        if given.frames:
            values, grid = self.video(given.frames)
            made["pixel_values_videos"] = torch.from_numpy(values)
            made["video_grid_thw"] = torch.tensor([grid])
            text = self.expand_video(text, grid, given)
            if self.architecture == "qwen2_5_vl":
                made["second_per_grid_ts"] = torch.tensor([2 / given.frames_per_second])
        ids = self.tokenizer(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
        types = (ids == self.token(IMAGE)) * 1 + (ids == self.token(VIDEO)) * 2
        return {
            "input_ids": ids,
            "attention_mask": torch.ones_like(ids),
            "mm_token_type_ids": types,
            **made,
        }

    def expand_video(self, text, grid, given):
        """Repeat a video's placeholder for each of its tokens; Qwen3-VL adds the time of each frame."""
        each = grid[1] * grid[2] // 4
        if self.architecture != "qwen3_vl":
            return text.replace(VIDEO, VIDEO * (grid[0] * each))
        moments = ""
        for step in range(grid[0]):
            # Halfway between the two frames of the patch; the last frame is repeated.
            last = len(given.frames) - 1
            pair = [min(2 * step, last), min(2 * step + 1, last)]
            second = sum(pair) / 2 / given.frames_per_second
            moments += f"<{second:.1f} seconds><|vision_start|>{VIDEO * each}<|vision_end|>"
        return text.replace(FRAME, moments)

    def video(self, frames):
        """Patches of a video, cut one by one."""
        patch = self.image_processor.patch_size
        height, width = smart_resize(
            frames[0].shape[0],
            frames[0].shape[1],
            factor=2 * patch,
            min_pixels=self.frame_pixels[0],
            max_pixels=self.frame_pixels[1],
        )
        mean, std = (
            np.array(self.image_processor.image_mean),
            np.array(self.image_processor.image_std),
        )
        sized = [
            F.interpolate(
                torch.from_numpy(f.copy()).permute(2, 0, 1)[None],
                (height, width),
                mode="bicubic",
                antialias=True,
            )[0]
            .permute(1, 2, 0)
            .numpy()
            for f in frames
        ]
        sized += [sized[-1]] * (len(sized) % 2)
        normal = [((f / 255.0 - mean) / std).astype(np.float32) for f in sized]
        rows, columns = height // patch, width // patch
        cut = []
        for time in range(0, len(normal), 2):
            for row in range(0, rows, 2):
                for column in range(0, columns, 2):
                    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
                        top, left = (row + down) * patch, (column + right) * patch
                        piece = [
                            f[top : top + patch, left : left + patch] for f in normal[time:][:2]
                        ]
                        cut.append(np.stack(piece).transpose(3, 0, 1, 2).reshape(-1))
        return np.stack(cut), (len(normal) // 2, rows, columns)

    def token(self, text):
        """The id of a token."""
        return int(self.tokenizer.convert_tokens_to_ids(text))

    # Vectors

    def direct(self, given):
        """One forward pass, and the state at the family's direct embed token."""
        if self.family in {"rge", "mmemb_r1"}:
            inputs = self.inputs(given, ending="<emb>")
            index = int(torch.argmax((inputs["input_ids"][0] == self.token("<emb>")).int()))
        else:
            inputs = self.inputs(given)
            index = len(inputs["input_ids"][0]) - 1
        if self.family == "ume_r1":
            matches = (inputs["input_ids"][0] == self.token("<disc_emb>")).nonzero()[:, 0]
            index = int(matches[-1])
        if self.family == "vlm2vec":
            # The network it was published with finds images by their start token, which these
            # prompts lack, and positions their tokens like text.
            inputs["position_ids"] = torch.arange(inputs["input_ids"].shape[1]).expand(3, 1, -1)
        with torch.no_grad():
            states = self.model(**inputs, output_hidden_states=True).hidden_states[-1]
        return ReferenceOutput(F.normalize(states[0, index], dim=-1))

    def thought(self, given):
        """Decode, then take the state at the embed token, decoded or appended."""
        embed = self.token(CHECKPOINTS[self.family].embed)
        inputs = self.inputs(given, ending="<think>" if self.family == "mmemb_r1" else "")
        start = inputs["input_ids"].shape[1]
        head = (self.token("<think>"),) if self.family == "mmemb_r1" else ()
        ends = {
            "ume_r1": [self.token("<|im_end|>"), self.token("<|endoftext|>")],
            "rge": [embed],
            "mmemb_r1": [embed, self.token("<|im_end|>"), self.token("<|endoftext|>")],
        }[self.family]
        with torch.no_grad():
            out = self.model.generate(
                **inputs,
                max_new_tokens=self.budget - len(head),
                eos_token_id=ends,
                do_sample=False,
                repetition_penalty=1.0,
                output_hidden_states=True,
                return_dict_in_generate=True,
                use_cache=True,
            )
        decoded = out.sequences[0, start:].tolist()
        if embed in decoded:
            # UME-R1 continues past its embed token; the first one ends the rationale.
            index = decoded.index(embed)
            if index + 1 < len(out.hidden_states):
                state = out.hidden_states[index + 1][-1][0, -1]
                return ReferenceOutput(F.normalize(state, dim=-1), (*head, *decoded[: index + 1]))
            thinking = decoded[:index]
        else:
            thinking = decoded[:-1] if decoded[-1] in ends else decoded
        state = self.forced(inputs, [*thinking, embed])
        return ReferenceOutput(F.normalize(state, dim=-1), (*head, *thinking, embed))

    def forced(self, inputs, more):
        """The state at the last of the tokens appended to a prompt, in one pass."""
        ids = torch.cat([inputs["input_ids"], torch.tensor([more])], dim=1)
        types = F.pad(inputs["mm_token_type_ids"], (0, len(more)))
        # The positions of decoding: text counts on behind the prompt's largest position.
        grids = {k: v for k, v in inputs.items() if k.endswith("_thw") or k.startswith("second")}
        positions, _ = self.model.model.get_rope_index(
            inputs["input_ids"], mm_token_type_ids=inputs["mm_token_type_ids"], **grids
        )
        behind = positions.max() + 1 + torch.arange(len(more))
        positions = torch.cat([positions, behind.expand(3, 1, -1)], dim=-1)
        made = {**inputs, "input_ids": ids, "mm_token_type_ids": types}
        made["attention_mask"] = torch.ones_like(ids)
        with torch.no_grad():
            out = self.model(**made, position_ids=positions, output_hidden_states=True)
        return out.hidden_states[-1][0, -1]

    def gate(self, given):
        """The probability of the think token against the embed token."""
        with torch.no_grad():
            scores = self.model(**self.inputs(given)).logits[0, -1]
        think, embed = scores[self.token("<think>")], scores[self.token("<emb>")]
        return float(torch.stack([think, embed]).softmax(0)[0])
