"""Writes characters.txt.gz: python make_characters.py TOKENIZER_JSON (tokenizers 0.20.3).

How the reference tokenizer treats each character between two letters: lines "FIRST LAST KIND" for runs of characters
that it "drop"s, that are a "space" or a word "alone", or that it "keep"s, and "FIRST LAST text A B C ..." for those
that change.
"""

import gzip
import sys
from itertools import groupby
from pathlib import Path

from tokenizers import Tokenizer


def kind(tokenizer: Tokenizer, character: str) -> str:
    text = tokenizer.normalizer.normalize_str(f"x{character}y")
    words = [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text)]
    kinds = {("xy",): "drop", ("x", "y"): "space", ("x", character, "y"): "alone", (f"x{character}y",): "keep"}
    return kinds.get(tuple(words)) or "text " + "|".join(words)[1:-1]


def main() -> None:
    tokenizer = Tokenizer.from_file(sys.argv[1])
    characters = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    kinds = ((c, kind(tokenizer, chr(c))) for c in characters)
    lines = []
    for is_text, run in groupby(kinds, lambda item: item[1].split(" ")[0]):
        run = list(run)
        texts = " ".join(k[5:] for _, k in run) if is_text == "text" else ""
        lines.append(f"{run[0][0]:x} {run[-1][0]:x} {is_text} {texts}".rstrip(" ") + "\n")
    target = Path(__file__).with_name("characters.txt.gz")
    with target.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write("".join(lines).encode())


if __name__ == "__main__":
    main()
