"""A text's queries: which words they are, and that padding does not reach them."""

import torch

from training.words import SLOTS, TextQueries, TokenMatcher, Words, vocabulary_flags


def test_flags(vocabulary):
    continues, content = vocabulary_flags(vocabulary)
    assert continues[vocabulary["##board"]] and not continues[vocabulary["dog"]]
    assert content[vocabulary["dog"]] and not content[vocabulary["the"]] and not content[vocabulary["."]]
    assert not content[101]


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
