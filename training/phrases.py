"""Short phrases inside captions: people search with two words far more often than with a sentence.

A phrase is what starts after an article, preposition or `and`, and ends in a word that is a label: "brown dog", "two
children playing", "yellow flower", "boy in a red shirt".
"""

import re

from .wordlists import split_words

BREAKS = set(
    split_words(
        """
    a an the of in on at with and or by to from for into over near through while is are his her their its
    """
    )
)
LONGEST = 4  # words


def words_of(caption: str) -> list:
    return re.findall(r"[a-z]+(?:-[a-z]+)?", caption.lower())


def phrases(caption: str, is_label) -> set:
    """Phrases of two to LONGEST words; `is_label(word)` tells whether a word names something."""
    words, found = words_of(caption), set()
    for first in range(len(words)):
        if words[first] in BREAKS or (first and words[first - 1] not in BREAKS):
            continue
        for last in range(first + 1, min(first + LONGEST, len(words))):
            if words[last] in BREAKS:
                continue
            span = words[first : last + 1]
            if is_label(words[last]) and any(is_label(w) for w in span):
                found.add(" ".join(span))
    return found
