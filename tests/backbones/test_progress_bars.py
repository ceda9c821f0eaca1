import torch
from transformers.utils import logging

from forethought.backbones import load_checkpoint, save_checkpoint
from tests.backbones.networks import network


def test_neither_saving_nor_loading_draws_a_progress_bar(tmp_path, capfd):
    logging.enable_progress_bar()
    save_checkpoint(network(), tmp_path, dtype=torch.float32)
    load_checkpoint(tmp_path)
    output = capfd.readouterr()
    assert (output.out, output.err) == ("", "")
    assert logging.is_progress_bar_enabled()
