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


def test_what_is_held_out():
    """Under its own name, in another case, and under a spelling that is merged into it."""
    assert all(labels.held_out(name, frozenset({"airplane"})) for name in ("airplane", "Airplane", "aircraft"))
    assert not labels.held_out("airliner", frozenset({"airplane"}))
    assert labels.taught(CLASSES, frozenset({"tabby cat"})).tolist() == [False, True]


def test_a_users_tags_are_taken_as_they_are():
    rows = [Row(f"{k}.jpg", "mine", "train", [], ["Red", "party 7", "plane"], own=True) for k in range(4)]
    names = {label.name for label in labels.build(rows, [], least=3)}
    assert {"red", "party 7", "airplane"} <= names and "plane" not in names
    assert "party 7" not in {label.name for label in labels.build(rows, [], least=5)}


def test_labels_of_an_earlier_run_are_kept():
    earlier = [labels.Label("okapi", ["forest giraffe", "dog"], ["animal"])]
    made = {label.name: label for label in labels.build([], CLASSES, more=earlier)}
    assert made["okapi"].aliases == ["forest giraffe"] and made["okapi"].parents == ["animal"]
