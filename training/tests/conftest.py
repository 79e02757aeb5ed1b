"""Tiny random models: the tests run in seconds and need no data and no pretrained weights."""

import os
from pathlib import Path

import pytest
import torch

from training.model import Config, Model

TINY = dict(
    dim=16,
    width=16,
    heads=2,
    text=24,
    hidden=12,
    decoder_heads=3,
    ffn=20,
    adapter=8,
    pooled_hidden=10,
    tokens=49,
    token_width=14,
    pooled=11,
    classes=9,
    labels=7,
)


GOLDEN = os.environ.get("SIGHTLINE_GOLDEN", "")
collect_ignore = [] if GOLDEN else ["test_golden.py"]


def golden_folders() -> list:
    """The golden folders, or where they should be."""
    return sorted(file.parent for file in Path(GOLDEN).glob("*/golden.npz")) or [Path(GOLDEN)]


def pytest_terminal_summary(terminalreporter):
    if not GOLDEN:
        terminalreporter.section("parity with the official code NOT checked", sep="!", red=True, bold=True)
        terminalreporter.line("SIGHTLINE_GOLDEN names no folder of golden files: nothing of test_golden.py has run.")


@pytest.fixture
def config():
    return Config(**TINY)


@pytest.fixture
def model(config):
    """A model whose every part does something: parameters that start at zero are drawn at random."""
    torch.manual_seed(5)
    made = Model(config)
    for p in made.parameters():
        if float(p.detach().abs().sum()) == 0:
            torch.nn.init.normal_(p, std=0.3)
    for label in range(1, TINY["labels"]):  # the first contains no class, the last several
        made.labels.member[label : label * 2 - label // 2, label] = True
    return made.eval()


@pytest.fixture
def vocabulary():
    """Ids from 1000 on, as in BERT: three words, two of which continue, one function word, one mark."""
    names = ["dog", "snow", "##board", "##er", "the", ".", "cat"]
    return {f"[unused{i}]": i for i in range(1000)} | {name: 1000 + i for i, name in enumerate(names)}
