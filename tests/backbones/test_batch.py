import numpy as np
import pytest
import torch

from forethought.backbones import PlaceholderTokens, collate, mrope_positions, new_network
from forethought.types import Patches
from tests import tiny

IMAGE, VIDEO, START, END, PAD = 9, 8, 7, 6, 0
PLACEHOLDERS = PlaceholderTokens(image_id=IMAGE, video_id=VIDEO, merge_size=2)
IDS = {
    "image": IMAGE,
    "video": VIDEO,
    "vision_start": START,
    "vision_end": END,
    "end": 5,
    "pad": PAD,
}


def row(*parts):
    """Numbers are text tokens; grids are images between their start and end tokens."""
    ids = []
    for part in parts:
        if isinstance(part, tuple):
            ids += [START, *[IMAGE] * (int(np.prod(part)) // 4), END]
        else:
            ids.append(part)
    return tuple(ids), [part for part in parts if isinstance(part, tuple)]


def images(grids):
    return [Patches(np.zeros((int(np.prod(grid)), 5), np.float32), grid) for grid in grids]


ROWS = [
    row(20, 21, 22),
    row((1, 4, 6)),
    row(20, (1, 4, 6), 21, 22, (1, 8, 2), 23),
    row((1, 2, 12), (1, 6, 4), 20, 21, 22, 23, (1, 2, 2), 24),
]


def test_text_counts_up_in_all_three_axes():
    found, types = mrope_positions([20, 21, 22], [], placeholders=PLACEHOLDERS)
    assert types.tolist() == [0, 0, 0]
    assert found.tolist() == [[0, 1, 2]] * 3


def test_an_image_spreads_over_rows_and_columns_and_text_continues_after_the_largest():
    # One text token, the start token, then 2 x 3 tokens from position 2 on; 2 + max(1, 2, 3) = 5 next.
    ids, grids = row(20, (1, 4, 6), 21)
    found, types = mrope_positions(ids, images(grids), placeholders=PLACEHOLDERS)
    assert types.tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 0, 0]
    assert found.tolist() == [
        [0, 1, 2, 2, 2, 2, 2, 2, 5, 6],
        [0, 1, 2, 2, 2, 3, 3, 3, 5, 6],
        [0, 1, 2, 3, 4, 2, 3, 4, 5, 6],
    ]


@pytest.mark.parametrize(("ids", "grids"), ROWS)
def test_positions_equal_those_of_the_stock_network(ids, grids):
    network = new_network(tiny.SHAPE, token_ids=IDS, generator=torch.Generator().manual_seed(1))
    token_ids = torch.tensor([ids])
    theirs, _ = network.model.get_rope_index(
        token_ids,
        mm_token_type_ids=(token_ids == IMAGE).long(),
        image_grid_thw=torch.tensor(grids) if grids else None,
    )
    ours, _ = mrope_positions(ids, images(grids), placeholders=PLACEHOLDERS)
    assert np.array_equal(ours, theirs[:, 0].numpy())


def patches(grid, value):
    return Patches(np.full((int(np.prod(grid)), 5), value, np.float32), grid)


@pytest.mark.parametrize("side", ["left", "right"])
def test_shorter_rows_are_padded_on_one_side_and_padding_is_masked(side):
    batch = collate(
        [ROWS[0][0], ROWS[2][0]],
        [[], [patches((1, 4, 6), 0.25), patches((1, 8, 2), 0.75)]],
        side=side,
        placeholders=PLACEHOLDERS,
        pad_id=PAD,
    )
    long, short = len(ROWS[2][0]), 3
    span = slice(long - short, long) if side == "left" else slice(0, short)
    assert batch.token_ids.shape == (2, long)
    assert batch.token_ids[0, span].tolist() == [20, 21, 22]
    assert batch.mask.sum(1).tolist() == [short, long]
    assert batch.mask[0, span].tolist() == [1, 1, 1]
    assert batch.positions[:, 0, span].tolist() == [[0, 1, 2]] * 3
    assert batch.token_types.sum(1).tolist() == [0, 6 + 4]
    assert batch.images is not None
    assert batch.images.grids.tolist() == [[1, 4, 6], [1, 8, 2]]
    assert batch.images.patches[:, 0].tolist() == [0.25] * 24 + [0.75] * 16


def test_a_batch_of_text_has_no_patches():
    batch = collate([(20,)], [()], side="left", placeholders=PLACEHOLDERS, pad_id=PAD)
    assert batch.images is None
    assert batch.videos is None


def test_the_frames_of_a_video_are_apart_in_time_and_text_continues_after_its_longer_side():
    # 2 x 2 x 3 tokens from position 1 on, frames 3 apart: 1 + max(2, 3) = 4 next.
    ids = (20, *[VIDEO] * 12, 21)
    video = Patches(np.zeros((48, 5), np.float32), (2, 4, 6), is_video=True, time_step=3.0)
    found, types = mrope_positions(ids, [video], placeholders=PLACEHOLDERS)
    assert found.tolist() == [
        [0, *[1] * 6, *[4] * 6, 4],
        [0, 1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 4],
        [0, *[1, 2, 3] * 4, 4],
    ]
    assert types.tolist() == [0, *[2] * 12, 0]


def test_the_frames_of_a_video_with_text_timestamps_are_positioned_like_images():
    # Two frames of 1 x 2 tokens, a text token between them: 1 + 2 = 3, the text, 4 + 2 = 6.
    ids = (20, VIDEO, VIDEO, 21, VIDEO, VIDEO, 22)
    video = Patches(np.zeros((16, 5), np.float32), (2, 2, 4), is_video=True, seconds=(0.0, 1.0))
    found, _ = mrope_positions(ids, [video], placeholders=PLACEHOLDERS)
    assert found.tolist() == [
        [0, 1, 1, 3, 4, 4, 6],
        [0, 1, 1, 3, 4, 4, 6],
        [0, 1, 2, 3, 4, 5, 6],
    ]


def test_a_placeholder_that_belongs_to_no_image_is_text():
    found, types = mrope_positions([20, IMAGE, VIDEO, 21], [], placeholders=PLACEHOLDERS)
    assert found.tolist() == [[0, 1, 2, 3]] * 3
    assert types.tolist() == [0, 0, 0, 0]
