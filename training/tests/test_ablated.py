"""The small model of the ablations: what a label is, and what is averaged how."""

import pytest
import torch

from training import ablate, ablated
from training.labels import Label

CLASSES = [{"name": "tabby", "alt": [], "hypernyms": ["cat"]}, {"name": "Persian cat", "alt": [], "hypernyms": ["cat"]}]


def unit(*values):
    return torch.nn.functional.normalize(torch.tensor([values]), dim=-1)


def test_descriptions_start_with_the_name():
    cat = Label("cat", ["kitty"], ["animal"], [0, 1])
    found = ablated.described(cat, CLASSES)
    assert found == ["cat", "a photo of a cat", "cat, a kind of animal", "cat, such as a tabby"]
    assert ablated.described(Label("snow"), CLASSES) == ["snow", "a photo of a snow"]


@pytest.mark.parametrize("words", ablated.WORDS)
def test_a_label_of_one_description_is_its_name(words):
    model, vectors = ablated.Small(5, 3), unit(1.0, 2.0, 0.5)
    texts = torch.stack([unit(0.0, 1.0, 0.0).expand(2, 3), torch.cat([unit(1.0, 0.0, 0.0), unit(0.0, 0.0, 1.0)])])
    absent = torch.tensor([[0.0, -1e4], [0.0, 0.0]])
    cosines = model.cosines(vectors, texts, absent, words)[0]
    assert float(cosines[0]) == pytest.approx(float(vectors[0, 1]), abs=1e-6)
    first, second = float(vectors[0, 0]), float(vectors[0, 2])
    if words == "name":
        assert float(cosines[1]) == pytest.approx(first, abs=1e-6)
    elif words == "averaged":
        assert float(cosines[1]) == pytest.approx((first + second) / 2, abs=1e-6)
    else:  # the description that fits the image counts more
        assert (first + second) / 2 < float(cosines[1]) < max(first, second)


def test_the_table_gives_mean_and_deviation_in_per_cent():
    variant = ablate.VARIANTS[0]
    values = {str(seed): {column: 0.1 * (seed + 1) for column in ablate.COLUMNS} for seed in range(3)}
    lines = ablate.table({f"{variant.group}: {variant.name}": values}).splitlines()
    assert len(lines) == 3 and lines[2].count("20.0 ± 10.0") == len(ablate.COLUMNS)
