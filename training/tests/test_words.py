"""A text's queries: which words they are, and that padding does not reach them."""

import pytest
import torch

from training.words import (
    CONTENT,
    CONTINUES,
    FUNCTION,
    OTHER,
    SLOTS,
    TextPrior,
    TextQueries,
    TokenMatcher,
    Words,
    token_kinds,
)


def test_kinds_of_tokens(vocabulary):
    kinds = token_kinds(vocabulary)
    wanted = {"##board": CONTINUES, "dog": CONTENT, "the": FUNCTION, ".": OTHER, "photo": OTHER, "[unused101]": OTHER}
    assert {token: int(kinds[vocabulary[token]]) for token in wanted} == wanted


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["dog"], 1),
        (["a", "dog", "in", "the", "snow", "."], 5),
        (["snow", "##board", "##er"], 1),
        (["a", "photo", "of", "a", "dog"], 3),
    ],
)
def test_words_of_a_text_are_counted(vocabulary, words, count):
    """Neither its pieces, nor marks, nor padding, nor what announces a picture."""
    ids = torch.tensor([[101, *(vocabulary[w] for w in words), 102, 0, 0]])
    assert Words(vocabulary).count(ids, (ids > 0).long()).tolist() == [count]


def test_the_prior_tells_sentences_from_short_texts():
    """The same words mean less in a sentence, of which one image is the one, than in a query."""
    prior = TextPrior(6, 4)
    torch.nn.init.constant_(prior.length[1], -1.0)
    given = torch.randn(1, 6), torch.tensor([2.0])
    short, long = (prior(*given, torch.tensor([n]), torch.zeros(1, 3)) for n in (4.0, 5.0))
    assert float(long) == float(short) - 1


def test_pieces_of_a_word_are_averaged(vocabulary):
    v = vocabulary
    ids = torch.tensor([[101, v["the"], v["snow"], v["##board"], v["##er"], v["dog"], v["."], 102]])
    tokens = torch.eye(8).unsqueeze(0)
    words, present = Words(vocabulary)(ids, torch.ones_like(ids), tokens)
    assert present[0].tolist() == [1, 1] + [0] * (SLOTS - 2)
    assert torch.allclose(words[0, 0], torch.tensor([0, 0, 1, 1, 1, 0, 0, 0]) / 3)
    assert torch.allclose(words[0, 1], torch.eye(8)[5])
    assert float(words[0, 2:].abs().sum()) == 0


def test_padding_changes_nothing(vocabulary):
    v = vocabulary
    ids = torch.tensor([[101, v["cat"], v["dog"], 102]])
    tokens = torch.randn(1, 4, 6)
    padded_ids, padded_tokens = (
        torch.cat([ids, torch.zeros(1, 3, dtype=torch.long)], 1),
        torch.cat([tokens, torch.randn(1, 3, 6)], 1),
    )
    split = Words(vocabulary)
    short = split(ids, torch.ones_like(ids), tokens)
    long = split(padded_ids, (padded_ids > 0).long(), padded_tokens)
    assert torch.equal(short[0], long[0]) and torch.equal(short[1], long[1])


def test_more_words_than_slots(vocabulary):
    ids = torch.full((1, SLOTS + 5), vocabulary["dog"])
    words, present = Words(vocabulary)(ids, torch.ones_like(ids), torch.randn(1, SLOTS + 5, 6))
    assert float(present.sum()) == SLOTS and words.shape == (1, SLOTS, 6)


def test_gram_form_equals_direct_form():
    torch.manual_seed(1)
    matcher, queries = TokenMatcher(16, 2), TextQueries(12, 16, 2).eval()
    u, weights = queries(torch.randn(3, 12), torch.randn(3, SLOTS, 12), torch.ones(3, SLOTS))
    patches = torch.nn.functional.normalize(torch.randn(4, 9, 16), dim=-1) * 4
    by_gram = matcher(u, weights, patches)[0]
    matcher.gram = False
    assert torch.allclose(by_gram, matcher(u, weights, patches)[0], atol=1e-5)


def test_words_that_are_not_there_need_no_work():
    torch.manual_seed(3)
    matcher, queries = TokenMatcher(16, 2), TextQueries(12, 16, 2).eval()
    present = (torch.rand(3, SLOTS) < 0.4).float()
    u, weights = queries(torch.randn(3, 12), torch.randn(3, SLOTS, 12), present)
    patches = torch.randn(4, 9, 16)
    assert torch.allclose(matcher.logits(u, weights, patches), matcher(u, weights, patches)[0], atol=1e-5)


def test_absent_words_weigh_nothing():
    torch.manual_seed(2)
    queries = TextQueries(12, 16, 2).eval()
    _, weights = queries(torch.randn(1, 12), torch.randn(1, SLOTS, 12), torch.zeros(1, SLOTS))
    assert float(weights[0, 1:].abs().sum()) == 0 and float(weights[0, 0].min()) > 0
