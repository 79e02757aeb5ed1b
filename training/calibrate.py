"""From logits to probabilities: the text prior, scale and bias for labels and for free text, and the default cut.

Everything is fitted on tuning rows, which neither stage of the training has seen. The queries are a mixture: captions,
short phrases of captions, bare label names and templates around them, and strings that fit no picture; people mostly
type one to five words.

The text prior is a number that depends on the text alone and is added to its logit on every image: it lowers what is
abstract, meaningless or rare, and evens out long and short queries. It never changes the order of a query's hits.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import labels as labelling
from . import phrases
from .wordlists import split_bars, split_words
from .words import TextPrior

TEMPLATES = ["{}", "{}", "a photo of {a}", "{a}"]
# Parts of scenes that go unmentioned: where a source's tags do not say them, nothing is known.
UNMENTIONED = set(
    split_words(
        """
    sky tree grass water plant building ground leaf wall cloud rock stone clothing light road street shirt dirt sand
    wood window field hill mountain landscape head face furniture pants jeans shorts hat jacket
    """
    )
)

# Fitted on these; training/queries.py holds other ones to measure with.
ABSURD_WORDS = split_words(
    """
    qwrtz xcvbn hjkl poiu lkjh asdf zxcv wertz uiop mnbv ghjk tzui yxcv plok qazwsx edcrfv tgbzhn
    """
)
ABSTRACT = split_bars(
    """
    the meaning of life|the cube root of seven|yesterday's opinion|a theorem about primes|interest rate policy|
    democracy|the colour of silence|why is that so|how to install a driver|an idea|justice and mercy|
    quarterly revenue|the sum of all fears|lorem ipsum dolor sit amet|please reset my password|error 404|
    ten percent of nothing|the day after tomorrow|philosophy|inflation|syntax error|probability theory|
    the past tense of go|your account|a contradiction in terms|metaphysics|the speed of thought|a promise|
    regulation of markets|the letter between b and d|negative infinity|undefined behaviour|tax return|void|
    integer overflow|the smell of rain|loneliness|next wednesday|entropy|the law of large numbers|gdp growth|
    how are you|what time is it|hello world|subscribe now|terms and conditions|the third derivative|
    quantum chromodynamics|null pointer|a rhetorical question|minutes of the meeting|semantics|copyright notice|
    forgiveness|twelve minus five|binary search|the future of work|an excuse|an apology|a rumour
    """
)


def absurd(rng, count: int) -> list:
    """Strings that no picture shows: keyboard noise, random letters, and abstract phrases."""
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    made = ["".join(rng.choice(letters, rng.integers(4, 10))) for _ in range(count)]
    pairs = [" ".join(rng.choice(ABSURD_WORDS, rng.integers(1, 3))) for _ in range(count // 2)]
    return sorted(set(made + pairs)) + ABSTRACT


def label_truth(corpus, ids: np.ndarray, inside: bool = False) -> tuple:
    """positive bool [N, L], weight f32 [N, L] (0: unknown) of label names on rows; inside: outside a row's source's own
    vocabulary nothing is known.

    Inside a source's own vocabulary absence counts fully. Outside it counts for a third, but not for parts of scenes that
    go unmentioned and not for what the backbone believes to see.
    """
    positive = corpus.positive[ids]
    weight = corpus.negative_weight[corpus.source_id[ids]].copy()
    outside = weight < 1
    posterior = F.softmax(torch.from_numpy(corpus.plain["logits"][ids].astype(np.float32)), 1).numpy()
    seen = posterior @ corpus.class_membership() > 0.05
    weight[outside] = 0.33
    unmentioned = np.array([label.name in UNMENTIONED for label in corpus.labels])
    weight[outside & unmentioned[None]] = 0
    weight[outside & (seen | inside)] = 0
    weight[positive] = 1
    return positive, weight


def phrase_truth(corpus, texts: list, ids: np.ndarray) -> tuple:
    """positive bool [P, N], weight [P, N] of phrases on captioned rows.

    Positive where one image's captions hold all the phrase's words, unknown where they hold some, negative where none.
    """
    held = [set(w for c in corpus.rows[i].captions for w in normal_words(c)) for i in ids]
    positive, weight = np.zeros((len(texts), len(ids)), bool), np.zeros((len(texts), len(ids)), np.float32)
    for p, t in enumerate(texts):
        words = set(normal_words(t)) - phrases.BREAKS
        common = np.array([len(words & h) for h in held])
        positive[p] = common == len(words)
        weight[p] = (common == len(words)) | (common == 0)
    return positive, weight


def normal_words(caption: str) -> list:
    """Words with plurals and verb forms taken back to a common form, roughly."""
    out = []
    for w in phrases.words_of(caption):
        w = labelling.FORMS.get(w, w)
        out.append(w[:-1] if w.endswith("s") and len(w) > 3 and not w.endswith("ss") else w)
    return out


def fit_logistic(logits, positive, weight, steps: int = 200) -> tuple:
    """Weighted logistic regression p = sigmoid(scale * logit + bias) by Newton's method; returns (scale, bias)."""
    x, y, w = (np.asarray(v, np.float64).ravel() for v in (logits, positive, weight))
    centre, spread = (
        np.average(x, weights=w),
        np.sqrt(np.average((x - np.average(x, weights=w)) ** 2, weights=w)) + 1e-9,
    )
    z = (x - centre) / spread
    design, beta = np.stack([z, np.ones_like(z)], 1), np.array([1.0, -3.0])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (w * (p - y))
        hessian = (design * (w * p * (1 - p) + 1e-9)[:, None]).T @ design
        move = np.linalg.solve(hessian + 1e-6 * np.eye(2), gradient)
        beta -= np.clip(move, -2, 2)
        if np.abs(move).max() < 1e-8:
            break
    return float(beta[0] / spread), float(beta[1] - beta[0] * centre / spread)


COMMON = 0.1  # the largest share of a collection that a short query is assumed to fit
COLLECTION = 1000  # images of a collection that the probabilities of whole sentences are fitted for


def crowded(positive, weight):
    """Weights [Q, N] as if the images were COLLECTION many: the more images, the more of them come close to a sentence that
    describes one of them."""
    return np.where(positive, weight, weight * COLLECTION / weight.shape[1]).astype(np.float32)


def even_out(positive, weight):
    """Weights [Q, N] under which no query fits more than COMMON of the images.

    The tuning rows are not a photo library: a quarter of one source shows dogs, and fitted on that, everything that
    could be a dog would be one.
    """
    fits, rest = (weight * positive).sum(1), (weight * ~positive).sum(1)
    factor = np.minimum(1, COMMON * rest / np.maximum(fits, 1e-9))
    return np.where(positive, weight * factor[:, None], weight).astype(np.float32)


def telling_pairs(base, positive, weight, scale: float, bias: float, rng, share: float = 0.02) -> tuple:
    """Pairs that matter for a fit: (query, image, weight) of all positives, of negatives that a first fit finds likely,
    and of a random share of the rest, which weigh as much as those left out."""
    p = 1 / (1 + np.exp(-np.clip(scale * base + bias, -30, 30)))
    kept = positive | (p > 0.003)
    drawn = ~kept & (rng.random(p.shape) < share)
    full = np.where(drawn, weight / share, weight) * (kept | drawn)
    q, i = np.nonzero(full)
    return q, i, full[q, i]


def fit_prior(batches, seed: int = 0, steps: int = 300) -> tuple:
    """Fits the text prior together with a scale and a bias.

    `batches`: list of (base logits [Q, N], positive, weight, sentence [Q, E], words [Q], crowd [Q, 3], share), arrays and
    tensors of the same order; a batch's pairs weigh `share` in the sum. Returns (prior, scale); the bias is inside the prior.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    balanced = [w * (share / w.sum()) * 1e5 for _, _, w, _, _, _, share in batches]
    flat = [
        np.concatenate([v.ravel() for v in column])
        for column in ([b[0] for b in batches], [b[1] for b in batches], balanced)
    ]
    first, bias = fit_logistic(*flat)
    pairs = []
    for (base, positive, _, sentence, words, level, _), w in zip(batches, balanced, strict=True):
        q, i, kept = telling_pairs(base, positive, w, first, bias, rng)
        values = [torch.from_numpy(np.asarray(v, np.float32)) for v in (base[q, i], positive[q, i], kept)]
        pairs.append((torch.from_numpy(q), *values, sentence, words, level))
    prior, gain = TextPrior(), nn.Parameter(torch.tensor(1.0))
    nn.init.constant_(prior.down.bias, bias)
    optimiser = torch.optim.AdamW(
        [
            {"params": [prior.up.weight, prior.up.bias, prior.down.weight], "lr": 4e-3, "weight_decay": 0.1},
            {"params": [gain, prior.down.bias, prior.level.weight, prior.length], "lr": 2e-2, "weight_decay": 0.0},
        ]
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    mass = sum(float(p[3].sum()) for p in pairs)
    for _ in range(steps):
        loss = 0
        for q, base, positive, w, sentence, words, level in pairs:
            offset = prior(sentence + 0.02 * torch.randn_like(sentence), words, level)
            logits = gain * first * base + offset[q]
            loss = loss + F.binary_cross_entropy_with_logits(logits, positive, w, reduction="sum")
        optimiser.zero_grad()
        (loss / mass * 1000).backward()
        optimiser.step()
        schedule.step()
    return prior.eval(), first * float(gain.detach())


GRID = np.arange(0.05, 0.9, 0.01)  # of thresholds
# Share of the labels that no tuning row is tagged with that must find nothing. Some of them are there all the same (garden,
# petal, ground), so that a cut for 95 % of them would be one for more than 98 % of what is truly absent.
NOTHING = 0.91


def sentence_threshold(captions: np.ndarray, absurd: np.ndarray, found: float = 0.9) -> float:
    """The cut over which `found` of the captions find something, but none under which nonsense would.

    captions, absurd: probabilities [texts, images]. A sentence shares its probability among all images that come close to
    it: the best of them is seldom likely to be the very one, and still worth showing.
    """
    nonsense = float(np.quantile(absurd.max(1), 0.98))
    return max(nonsense, float(np.quantile(captions.max(1), 1 - found))) if len(captions) else nonsense


def choose_threshold(absent: np.ndarray) -> float:
    """The lowest cut at which at least NOTHING of the absent labels find nothing.

    absent: the best probability over the images, one per label.
    """
    enough = [t for t in GRID if (absent <= t).mean() >= NOTHING]
    return float(enough[0] if enough else GRID[-1])
