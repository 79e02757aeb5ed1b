"""Writes tokens.jsonl.gz: python make_tokens.py TOKENIZER_JSON (tokenizers 0.20.3).

One line a text: {"text", "ids"}, ids as the reference tokenizer gives them with the special ones and without a limit.
TOKENIZER_JSON is the default bundle's.
"""

import gzip
import json
import random
import sys
import unicodedata
from pathlib import Path

from tokenizers import Tokenizer

TEXT = """
a the dog dogs running on beach with two people red bicycle near old bridge at sunset mountain lake
reflection child playing guitar unbelievable antidisestablishmentarianism photo-realistic don't it's
o'clock e-mail x-ray 35mm f/2.8 4k #nofilter @home 100% c++ u.s.a. Straße naïve façade café résumé
Ångström señor jalapeño crème brûlée Łódź Đà Nẵng İstanbul ısı ΣΊΣΥΦΟΣ Ελλάδα Москва Київ ёлка שלום
עולם مرحبا بالعالم नमस्ते दुनिया สวัสดี ကမ္ဘာ ქართული հայերեն 東京タワー 北京 你好世界 안녕하세요 서울 ひらがな カタカナ ﾊﾝｶｸ
ｆｕｌｌｗｉｄｔｈ ﬁne ﬂow ½ ² ™ № ℃ Ⅷ ① ㍿ 𝓯𝓪𝓷𝓬𝔂 𝟘𝟙 𠮷野家
"""
WORDS = TEXT.split()

EMOJI = ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "❤️", "🇩🇪", "1️⃣", "🤷🏻‍♀️", "☃", "🧑‍🚀", "🫠", "🥹", "🪿", "⚡️"]
MARKS = [
    "e\u0301",
    "n\u0303",
    "a\u030a\u0323",
    "o\u0308\u0304",
    "\u0301",
    "q\u0307\u0323",
    "Z\u0351\u0343\u0308a\u0317l\u0320g\u0489o",
    "क्ष",
    "\u1100\u1161\u11a8",
    "가\u0301",
]
INVISIBLE = [
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u180e",
    "\u061c",
    "\u200e",
    "\u202e",
    "\u2066",
    "\u034f",
    "\ue000",
    "\ufffd",
    "\U000e0061",
    "\ufe0f",
]
CONTROL = [chr(c) for c in [*range(32), *range(127, 160)]]
SPACES = [
    "\u00a0",
    "\u1680",
    "\u2000",
    "\u2003",
    "\u2028",
    "\u2029",
    "\u202f",
    "\u205f",
    "\u3000",
    "\u0085",
    "\t",
    "\n",
    "\r\n",
    "\v",
    "\f",
]
PUNCTUATION = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + list(
    "–—…“”‘’«»¿¡•·§¶†‡‰′″‹›、。「」『』！？；：（）〜・‿⁂⸮፣।॥؟،٪"
)
SPECIAL = [
    "[CLS]",
    "[SEP]",
    "[PAD]",
    "[UNK]",
    "[MASK]",
    "[cls]",
    "[ SEP ]",
    "a[MASK]b",
    "[[CLS]]",
    "[CLS][SEP]",
    " [MASK] dog",
    "[UNK]##ing",
    "##ing",
]
BLOCKS = [
    (0x20, 0x24F),
    (0x300, 0x52F),
    (0x590, 0x6FF),
    (0x900, 0xDFF),
    (0xE00, 0x11FF),
    (0x1E00, 0x206F),
    (0x20A0, 0x27BF),
    (0x2E80, 0x30FF),
    (0x3400, 0x3500),
    (0x4E00, 0x9FFF),
    (0xA960, 0xA97F),
    (0xAC00, 0xD7AF),
    (0xF900, 0xFAFF),
    (0xFB00, 0xFDFF),
    (0xFE20, 0xFFEF),
    (0x1F300, 0x1F6FF),
    (0x1D400, 0x1D7FF),
    (0x20000, 0x20100),
]


def texts() -> list:
    rng = random.Random(20240501)
    found = [
        "",
        " ",
        "   ",
        "\t\n\r",
        "\u3000\u00a0",
        "\u200b",
        "\u0301",
        "a",
        "A",
        "dog",
        "DOG",
        "a dog on the beach",
        "." * 300,
        "a" * 100,
        "a" * 101,
        "é" * 100,
        "é" * 101,
        "e\u0301" * 60,
        "dog " * 2500,
        "x" * 10_000,
        "写真" * 5_000,
        "".join(rng.choice(WORDS) + " " for _ in range(1800))[:10_000],
    ]
    found += WORDS + EMOJI + MARKS + SPECIAL
    found += [f"dog{x}beach" for x in [*CONTROL, *INVISIBLE, *SPACES, *PUNCTUATION]]
    found += [f"{x} dog {x}" for x in [*EMOJI, *MARKS, *INVISIBLE, *SPECIAL]]
    everything = [*WORDS, *EMOJI, *MARKS, *INVISIBLE, *PUNCTUATION]
    for _ in range(250):
        found.append(" ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 12))))
        found.append("".join(rng.choice(everything) + rng.choice(["", " ", ""]) for _ in range(rng.randint(1, 10))))
    for low, high in BLOCKS:
        for _ in range(25):
            found.append("".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 12))))
    found += [unicodedata.normalize(form, w) for w in WORDS for form in ("NFD", "NFKC")]
    return [t for t in dict.fromkeys(found) if not any(0xD800 <= ord(c) <= 0xDFFF for c in t)]


def main() -> None:
    tokenizer = Tokenizer.from_file(sys.argv[1])
    tokenizer.no_padding()
    tokenizer.enable_truncation(64)
    cut = [tokenizer.encode(t).ids for t in texts()]
    tokenizer.no_truncation()
    whole = [tokenizer.encode(t).ids for t in texts()]
    assert all(c == w if len(w) <= 64 else c == [*w[:63], w[-1]] for c, w in zip(cut, whole, strict=True)), (
        "truncation keeps [CLS] and [SEP]"
    )
    rows = ({"text": t, "ids": ids} for t, ids in zip(texts(), whole, strict=True))
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    target = Path(__file__).with_name("tokens.jsonl.gz")
    with target.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(lines.encode())
    print(len(whole), "texts")


if __name__ == "__main__":
    main()
