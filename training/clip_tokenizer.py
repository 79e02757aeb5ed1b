"""CLIP's tokenizer as a bundle's tokenizer.json, in the format of Hugging Face's `tokenizers`.

Taken as it is where there is a tokenizer.json; otherwise written from vocab.json and merges.txt, or from the merges that
OpenAI's code ships (bpe_simple_vocab_16e6.txt.gz), of which a model uses as many as its vocabulary has room for.
"""

import gzip
import json
from pathlib import Path

START, END = "<|startoftext|>", "<|endoftext|>"
OPENAI_FILE, OPENAI_SIZE = "bpe_simple_vocab_16e6.txt.gz", 49408
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
TABLE = {
    "version": "1.0", "truncation": None, "padding": None,
    "normalizer": {"type": "Sequence", "normalizers": [
        {"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}, {"type": "Lowercase"},
    ]},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": WORDS}, "behavior": "Removed", "invert": True}, BYTE_LEVEL,
    ]},
    "decoder": BYTE_LEVEL,
}  # fmt: skip
MODEL = {
    "type": "BPE", "dropout": None, "unk_token": END, "continuing_subword_prefix": "", "end_of_word_suffix": "</w>",
    "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
}  # fmt: skip


def find(path: Path) -> Path:
    """The tokenizer in a folder: tokenizer.json, the folder itself for vocab.json and merges.txt, or OpenAI's file."""
    if not path.is_dir():
        return path
    if (path / "tokenizer.json").exists():
        return path / "tokenizer.json"
    if (path / "vocab.json").exists() and (path / "merges.txt").exists():
        return path
    if (path / OPENAI_FILE).exists():
        return path / OPENAI_FILE
    raise SystemExit(
        f"{path}: no tokenizer: neither tokenizer.json nor vocab.json with merges.txt nor {OPENAI_FILE}; name one with --tokenizer"
    )


def tokenizer_json(path: Path, size: int) -> str:
    """The text of tokenizer.json. `size`: rows of the text encoder's table of tokens, 0 when that is not known."""
    path = find(path)
    try:
        if path.is_dir():
            text = described(*hugging_face(path))
        elif path.suffix == ".gz":
            text = described(*openai(path, size or OPENAI_SIZE))
        else:
            text = path.read_text(encoding="utf-8")
        description = json.loads(text)
        if size:
            check(path, description, size)
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as reason:
        raise SystemExit(f"{path}: not a tokenizer that is known: {type(reason).__name__} {reason}") from None
    return text


def check(path: Path, description: dict, size: int) -> None:
    """The encoder pools at the highest id, so that must be the end of the text; and it must know every id."""
    words = description["model"]["vocab"]
    ids = {**words, **{token["content"]: token["id"] for token in description.get("added_tokens", [])}}
    highest = max(ids, key=ids.get)
    if ids[highest] >= size:
        raise SystemExit(
            f"{path}: its ids go up to {ids[highest]}, the text encoder has {size} tokens: they do not belong together"
        )
    if highest != END:
        raise SystemExit(
            f"{path}: its highest id is {highest!r}; the text encoder takes the highest id for the end of the text, {END!r}"
        )


def described(vocab: dict, merges: list) -> str:
    """tokenizer.json of a vocabulary and its merges, each "left right", the most frequent first."""
    start, end = vocab[START], vocab[END]
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True, "special": True}
    added = [{"id": start, "content": START, **plain}, {"id": end, "content": END, **plain}]
    around = {
        "type": "RobertaProcessing",
        "sep": [END, end],
        "cls": [START, start],
        "trim_offsets": False,
        "add_prefix_space": False,
    }
    model = {**MODEL, "vocab": vocab, "merges": merges}
    return json.dumps({**TABLE, "added_tokens": added, "post_processor": around, "model": model}, ensure_ascii=False)


def hugging_face(folder: Path) -> tuple:
    vocab = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    lines = (folder / "merges.txt").read_text(encoding="utf-8").split("\n")
    merges = [line.strip() for line in lines if line.strip()]
    return vocab, merges[1:] if merges and merges[0].startswith("#version") else merges


def openai(file: Path, size: int) -> tuple:
    """As many of the file's merges as a vocabulary of `size` has room for."""
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        lines = opened.read().split("\n")[1:]  # the first is a title
    wanted = size - len(vocabulary([]))
    merges = [line.strip() for line in lines if line.strip()][: max(wanted, 0)]
    if len(merges) != wanted:
        raise SystemExit(f"{file}: has {len(merges)} merges, the text encoder's {size} tokens need {wanted}")
    return vocabulary(merges), merges


def vocabulary(merges: list) -> dict:
    """The ids as OpenAI's code numbers them: bytes, bytes that end a word, merges, the two special tokens."""
    letters = byte_letters()
    words = [*letters, *(letter + "</w>" for letter in letters), *("".join(m.split()) for m in merges), START, END]
    return {word: i for i, word in enumerate(words)}


def byte_letters() -> list:
    """The visible character that stands for each byte, in the order of OpenAI's vocabulary: bytes that are visible as
    Latin-1 stand for themselves and come first, the others for the characters from U+0100 on."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(b) for b in visible] + [chr(0x100 + i) for i in range(0x100 - len(visible))]
