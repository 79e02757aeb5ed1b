"""Writes clip_tokenizer.json, clip_tokens.jsonl.gz and clip_characters.txt.gz: python make_clip.py (tokenizers 0.20.3).

* The tokenizer: CLIP's rules with a small vocabulary, since the official one belongs to the model.
* The tokens: one line a text, {"text", "ids"}, as the reference gives them without a limit.
* The characters: how the reference treats each one: lines "FIRST LAST KIND" for runs of characters that are a "space",
  a "number" (a word alone), part of a word of "letters" or of one of "other" characters; "FIRST LAST KIND A B C ..." for
  those that change, where characters of one run are of one kind.
"""

import gzip
import json
import sys
from itertools import groupby
from pathlib import Path

from make_tokens import EMOJI, WORDS, texts
from tokenizers import Tokenizer, trainers
from tokenizers.models import BPE

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))
from training import clip_tokenizer  # noqa: E402

MERGES = 500
HARD = [
    "don't", "it's I'm we're they've he'll she'd", "'S 'T O'RE", "'''s", "!'s", "''", "' s", "rock'n'roll", "’s don’t", "'st'll",
    "<|endoftext|>", "a<|startoftext|>dog", "<|ENDOFTEXT|> dog", "<|endoftext", "<|endoftext|><|endoftext|>", "</w>", "dog</w>",
    "3.14159", "1,000,000", "2024-05-01", "x²", "½ cup", "Ⅷ", "①②③", "12345678901234567890", "mp3s", "4k60",
    "....", "!!!???", "#@$%", "--", "a--b", "…", "—dash—", "¿qué?", "ﬁne", "İstanbul", "ΣΊΣΥΦΟΣ ΟΔΟΣ", "ẞ straße", "ǅ Ǆ",
    "dog " * 74, "dog " * 75, "dog " * 76, "a b c d e f g h i j k l m n o p q r s t u v w x y z " * 4,
    "naïve café" * 30, "😀" * 40, "\ufeffdog", "\x00dog", "\x1cdog\x1ddog", "\u2126 \u212b \u1e9b\u0323", "\u1112\u1161\u11ab",
]  # fmt: skip


def small_tokenizer() -> Tokenizer:
    """CLIP's rules over merges that are learnt from the words of the test texts, written by our own exporter."""
    letters = clip_tokenizer.byte_letters()
    rules = Tokenizer.from_str(described([]))
    learner = Tokenizer(BPE(end_of_word_suffix="</w>"))
    learner.normalizer, learner.pre_tokenizer = rules.normalizer, rules.pre_tokenizer
    size = 2 * len(letters) + MERGES
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=letters, end_of_word_suffix="</w>", show_progress=False
    )
    learner.train_from_iterator([*WORDS, *WORDS[:120], *EMOJI], trainer)
    merges = json.loads(learner.to_str())["model"]["merges"]
    text = described([" ".join(merge) for merge in merges][:MERGES])
    (HERE / "clip_tokenizer.json").write_text(text + "\n", encoding="utf-8")
    return Tokenizer.from_str(text)


def described(merges: list) -> str:
    return clip_tokenizer.described(clip_tokenizer.vocabulary(merges), merges)


def kind(tokenizer: Tokenizer, character: str) -> tuple:
    """(kind, what becomes of the character)."""
    seen = tokenizer.normalizer.normalize_str(character)
    words = [len(word) for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(f"x{seen}y")]
    if len(words) == 1:
        return "letters", seen
    if len(words) == 2:
        return "space", seen
    joined = len(tokenizer.pre_tokenizer.pre_tokenize_str(f"!{seen}!")) == 1
    return ("other" if joined else "number"), seen


def characters(tokenizer: Tokenizer):
    kinds = ((c, *kind(tokenizer, chr(c))) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF)
    for (name, changed), run in groupby(kinds, lambda item: (item[1], item[1] != "space" and item[2] != chr(item[0]))):
        run = list(run)
        yield " ".join([f"{run[0][0]:x} {run[-1][0]:x} {name}", *(seen for _, _, seen in run if changed)]) + "\n"


def write(name: str, lines) -> None:
    with (HERE / name).open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write("".join(lines).encode())


def main() -> None:
    tokenizer = small_tokenizer()
    rows = [{"text": text, "ids": tokenizer.encode(text).ids} for text in dict.fromkeys([*HARD, *texts()])]
    write("clip_tokens.jsonl.gz", (json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    write("clip_characters.txt.gz", characters(tokenizer))
    print(len(rows), "texts,", tokenizer.get_vocab_size(), "words")


if __name__ == "__main__":
    main()
