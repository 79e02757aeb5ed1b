"""tokenizer.json from each form in which CLIP's vocabulary is found, on a small vocabulary of the same structure."""

import gzip
import json

import pytest
from tokenizers import Tokenizer

from training import clip_tokenizer
from training.tests.exporting import ROOT

SMALL = ROOT / "encoder" / "testdata" / "clip_tokenizer.json"
TEXTS = [
    "",
    "a dog on the beach",
    "Don't  STOP!\n12 dogs",
    "naïve café e\u0301",
    "<|endoftext|>",
    "😀👍🏽 東京",
    "dog " * 90,
]


@pytest.fixture(scope="module")
def model():
    return json.loads(SMALL.read_text(encoding="utf-8"))["model"]


def written(folder, model, form):
    """The vocabulary in one of the forms; returns its path."""
    if form == "tokenizer.json":
        (folder / form).write_bytes(SMALL.read_bytes())
    elif form == "merges.txt":
        (folder / "vocab.json").write_text(json.dumps(model["vocab"]), encoding="utf-8")
        (folder / form).write_text("\n".join(["#version: 0.2", *model["merges"], ""]), encoding="utf-8")
    else:  # OpenAI's file holds more merges than a model uses
        lines = ['"title', *model["merges"], "q q", "x x", ""]
        (folder / form).write_bytes(gzip.compress("\n".join(lines).encode()))
    return folder


@pytest.mark.parametrize("form", ["tokenizer.json", "merges.txt", "bpe_simple_vocab_16e6.txt.gz"])
def test_every_form_gives_the_same_ids(tmp_path, model, form):
    size = len(model["vocab"])
    made = Tokenizer.from_str(clip_tokenizer.tokenizer_json(written(tmp_path, model, form), size))
    wanted = Tokenizer.from_file(str(SMALL))
    for text in TEXTS:
        ids = made.encode(text).ids
        assert ids == wanted.encode(text).ids, text
        assert ids[0] == size - 2 and ids[-1] == size - 1
    assert made.get_vocab() == model["vocab"]


def test_the_official_numbers():
    """512 bytes, 48,894 merges and two special tokens are 49,408; the first word is '!', as in OpenAI's vocabulary."""
    words = clip_tokenizer.vocabulary([f"a{i} b" for i in range(48894)])
    assert (words["<|startoftext|>"], words["<|endoftext|>"], words["!"], words["!</w>"]) == (49406, 49407, 0, 256)


@pytest.mark.parametrize(
    "files, says",
    [
        ({}, "no tokenizer: neither tokenizer.json nor vocab.json"),
        ({"tokenizer.json": b"{"}, "tokenizer.json: not a tokenizer"),
        ({"tokenizer.json": b"[]"}, "tokenizer.json: not a tokenizer"),
        ({"tokenizer.json": b'{"model": {"vocab": {"a": 600}}}'}, "ids go up to 600, the text encoder has 520 tokens"),
        ({"tokenizer.json": b'{"model": {"vocab": {"a": 60}}}'}, "its highest id is 'a'"),
        ({"vocab.json": b'{"a": 1}', "merges.txt": b""}, "not a tokenizer that is known: KeyError"),
        ({"bpe_simple_vocab_16e6.txt.gz": b"not gzip"}, "not a tokenizer"),
        ({"bpe_simple_vocab_16e6.txt.gz": gzip.compress(b"title\na b")[:-9]}, "not a tokenizer"),
        (
            {"bpe_simple_vocab_16e6.txt.gz": gzip.compress(b"title\na b\n")},
            "has 1 merges, the text encoder's 520 tokens need 6",
        ),
    ],
)
def test_bad_tokenizers(tmp_path, files, says):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SystemExit, match=says):
        clip_tokenizer.tokenizer_json(tmp_path, 520)
