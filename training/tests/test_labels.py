"""The label set's cleaning and what a caption says about it."""

from training import labels
from training.phrases import phrases
from training.rows import Row

CLASSES = [
    {"index": 0, "wnid": "n1", "name": "Tabby", "alt": ["tabby cat", "Felis x"], "hypernyms": ["cat", "animal"]},
    {"index": 1, "wnid": "n2", "name": "airliner", "alt": [], "hypernyms": ["plane", "vehicle"]},
]


def label_set():
    rows = [Row(f"{k}.jpg", "corel5k", "train", [], ["plane", "red", "and", "zebra crossing"]) for k in range(12)]
    rows += [Row(f"e{k}.jpg", "noto", "train", [], ["grinning"]) for k in range(50)]
    return labels.build(rows, CLASSES)


def test_traps_are_no_labels():
    names = {label.name for label in label_set()}
    assert {"airplane", "zebra crossing", "tabby", "dog"} <= names
    assert not names & {"red", "and", "plane", "grinning"}


def test_names_and_aliases_are_unique():
    seen = [n for label in label_set() for n in [label.name, *label.aliases]]
    assert len(seen) == len(set(seen))


def test_positives_follow_aliases_captions_and_classes():
    made = label_set()
    index, class_of = labels.index_of(made), {"n1": 0, "n2": 1}
    row = Row("x.jpg", "flickr8k", "train", ["Two men walk their dogs", "A bike ."], ["plane"])
    assert {"man", "person", "walking", "dog", "bicycle", "airplane"} <= labels.positives(row, index, class_of, CLASSES)
    row = Row("y.jpg", "tiny-imagenet", "train", [], [], wnid="n1")
    assert {"tabby", "cat"} <= labels.positives(row, index, class_of, CLASSES)


def test_words_in_another_sense():
    index = labels.index_of(label_set())
    assert "camera" not in labels.caption_labels(["A man looks at the camera"], index)


def test_phrases():
    found = phrases("A brown dog runs through the tall grass", lambda w: w in {"dog", "grass", "runs"})
    assert {"brown dog", "brown dog runs", "tall grass"} <= found
    assert not any(p.startswith("the") for p in found)
