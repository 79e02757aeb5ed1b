"""Trains the default model on cached backbone features.

    python -m training.train --data DIR --work WORK --out RUN [--resume] [--open-only] [--keep-out FILE]

Stage 1 fits the global vector and the text adapter (captions, tags, distillation of the ImageNet posterior from the first
step: TRAINING lessons 1 and 2). Stage 2 (`training.align`) fits the decoder as a residual on stage 1's dot product.
"""

import argparse
import copy
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from . import evaluate, losses
from .corpus import PAIRED, Corpus, fold_of
from .model import Config, Model

CAPTIONED, PAIRS, OTHERS = 224, 64, 128  # rows of a batch: Flickr8k, other rows with telling texts, the rest
EPOCHS = (12, 7, 12, 4)  # stage 1, each cross-fitting fold, the second pooled MLP, stage 2


@dataclass(frozen=True)
class Recipe:
    """What a stage-1 model is shown, and how much each loss weighs beside the captions' InfoNCE."""

    tags: float  # asymmetric loss over the label set
    distilled: float  # KL from the ImageNet posterior
    phrase: float  # share of captioned rows that are paired with a short phrase instead
    mix: float  # largest share of a second caption in a text vector: a caption says what one person saw
    soft: float = 0.3  # cross entropy against the text encoder's own similarities


FIRST = Recipe(tags=0.05, distilled=1.0, phrase=0.2, mix=0.5)
SECOND = Recipe(tags=0.02, distilled=0.6, phrase=0.12, mix=0.5)


class Texts:
    """Every text that a row can be paired with: captions or tag lists first, then phrases."""

    def __init__(self, corpus: Corpus):
        full, self.full_of = corpus.texts_of_rows()
        short, self.short_of = corpus.phrases_of_rows()
        self.shift = len(full)
        self.texts = full + short
        self.vectors = torch.from_numpy(np.concatenate([corpus.vectors(full), corpus.vectors(short)]))
        self.owned = [set(a) | {self.shift + b for b in s} for a, s in zip(self.full_of, self.short_of, strict=True)]

    def draw(self, ids: np.ndarray, rng, phrase: float) -> np.ndarray:
        """One text number per row; a phrase instead of a whole text with the given chance."""
        chosen = []
        for i in ids:
            short = self.short_of[i]
            if short and rng.random() < phrase:
                chosen.append(self.shift + short[rng.integers(len(short))])
            else:
                chosen.append(self.full_of[i][rng.integers(len(self.full_of[i]))])
        return np.array(chosen)

    def mixed(self, ids: np.ndarray, chosen: np.ndarray, rng, mix: float) -> torch.Tensor:
        """Vectors of the drawn texts, each mixed with up to `mix` of another text of the same row."""
        others = [self.full_of[i][rng.integers(len(self.full_of[i]))] for i in ids]
        share = torch.from_numpy(rng.random((len(ids), 1)) * mix).float()
        return F.normalize((1 - share) * self.vectors[chosen] + share * self.vectors[others], dim=-1)

    def relations(self, ids: np.ndarray, chosen: np.ndarray) -> tuple:
        """positive, ignored bool [B, B]: whose text is whose, and which pairs are likely false negatives.

        A pair is ignored when the text is very close to one of the image's own texts.
        """
        positive = torch.tensor([[t in self.owned[i] for t in chosen] for i in ids])
        texts = self.vectors[chosen]
        close = torch.zeros(len(ids), len(chosen))
        for k in range(max(len(self.full_of[i]) for i in ids)):
            own = [self.full_of[i][k % len(self.full_of[i])] for i in ids]
            close = torch.maximum(close, self.vectors[own] @ texts.t())
        return positive, close > 0.75


def initialise(model: Model, corpus: Corpus, rng) -> None:
    """Standardisation from a sample of the train rows; the class branch from the class names' text vectors."""
    sample = np.sort(rng.choice(corpus.where("train"), min(2000, len(corpus.where("train"))), replace=False))
    tokens, pooled, _ = corpus.batch(sample)
    head = model.image
    head.token_mean.copy_(tokens.mean((0, 1)))
    head.token_scale.copy_(1 / (tokens.std((0, 1)) + 1e-3))
    head.pooled_mean.copy_(pooled.mean(0))
    head.pooled_scale.copy_(1 / (pooled.std(0) + 1e-3))
    with torch.no_grad():
        head.class_texts.weight.copy_(torch.from_numpy(corpus.class_vectors()).t())
        for last in (head.mlp[-1], head.attended):
            last.weight.mul_(0.1)
            last.bias.zero_()


class Average:
    """Exponential moving average of the weights."""

    def __init__(self, model, decay: float):
        self.model, self.decay = copy.deepcopy(model).eval(), decay

    @torch.no_grad()
    def update(self, model, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        for mine, theirs in zip(self.model.state_dict().values(), model.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs, 1 - decay)
            else:
                mine.copy_(theirs)


@torch.no_grad()
def global_vectors(model: Model, corpus: Corpus, ids: np.ndarray, batch: int = 128) -> torch.Tensor:
    """Global vectors [N, E] of rows."""
    model.eval()
    found = []
    for at in range(0, len(ids), batch):
        tokens, pooled, logits = corpus.batch(ids[at : at + batch], tokens=model.config.global_tokens)
        found.append(model.image.vector((tokens - model.image.token_mean) * model.image.token_scale, pooled, logits))
    return torch.cat(found)


@torch.no_grad()
def tune_figures(model: Model, corpus: Corpus, texts: Texts) -> dict:
    """Recall on the tuning rows of Flickr8k, mAP on the tuning rows of Corel5k and Tiny-ImageNet; all dot product."""
    flickr = corpus.where("tune", "flickr8k")
    vectors = global_vectors(model, corpus, flickr)
    numbers = [(t, k) for k, i in enumerate(flickr) for t in texts.full_of[i]]
    queries = model.adapter(texts.vectors[[t for t, _ in numbers]])
    figures = evaluate.recall(evaluate.ranks((queries @ vectors.t()).numpy(), np.array([k for _, k in numbers])))
    names = model.adapter(torch.from_numpy(corpus.label_texts()[0][:, 0].numpy()))
    for source in ("corel5k", "tiny-imagenet"):
        rows = np.concatenate([corpus.where("tune", source)])
        if len(rows):
            scores = (global_vectors(model, corpus, rows) @ names.t()).numpy()
            figures[source] = evaluate.mean_average_precision(scores, corpus.positive[rows])[0]
    return {k: round(v, 4) for k, v in figures.items() if v is not None}


def stage1_loss(model, corpus, texts, paired, others, rng, names, classes, member, recipe: Recipe):
    """The joint loss of one batch: captions and phrases, tags, distillation."""
    ids = np.concatenate([paired, others])
    tokens, pooled, logits = corpus.batch(ids, rng.random(len(ids)) < 0.5, model.config.global_tokens)
    keep = (torch.rand(tokens.shape[:2]) > 0.1).float().unsqueeze(-1)
    with torch.autocast("cpu", torch.bfloat16):
        vectors = model.image.vector((tokens - model.image.token_mean) * model.image.token_scale * keep, pooled, logits)
    vectors = F.normalize(vectors.float(), dim=-1)
    chosen = texts.draw(paired, rng, recipe.phrase)
    positive, ignored = texts.relations(paired, chosen)
    raw = texts.mixed(paired, chosen, rng, recipe.mix)
    queries = model.adapter(raw)
    scale = model.log_scale.exp().clamp(max=60)
    similarity = scale * vectors[: len(paired)] @ queries.t()
    caption = losses.contrastive(similarity, positive, ignored)
    soft = losses.soft_contrastive(similarity, raw @ raw.t())
    tag_logits = model.tag_scale * vectors @ model.adapter(names).t() + model.tag_bias
    seen = (F.softmax(logits, 1) @ member) > 0.05  # what the backbone believes to see is no negative
    weight = torch.from_numpy(corpus.negative_weight[corpus.source_id[ids]]) * ~seen
    tags = losses.asymmetric(tag_logits, torch.from_numpy(corpus.positive[ids]), weight)
    distilled = losses.distillation(model.class_scale * vectors @ classes.t(), logits)
    total = caption + recipe.soft * soft + recipe.tags * tags + recipe.distilled * distilled
    return total, (caption, soft, tags, distilled)


def train_stage1(
    corpus, texts, out: Path, epochs: int, seed: int, fold=None, folds: int = 4, resume: bool = False, report=print
):
    """Trains stage 1; with `fold`, on the captioned rows outside that cross-fitting fold and on pooled features alone
    (nearly as good, and a tenth of the work)."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    config = Config(global_tokens=fold is None)
    model = Model(config)
    initialise(model, corpus, rng)
    captioned = corpus.where("train", "flickr8k")
    if fold is not None:
        captioned = np.array([i for i in captioned if fold_of(corpus.rows[i].file, folds) != fold])
    pairs = np.array([i for i in corpus.where("train", *(PAIRED - {"flickr8k"})) if texts.full_of[i]])
    rest = np.setdiff1d(corpus.where("train"), captioned if fold is None else corpus.where("train", "flickr8k"))
    names, classes = corpus.label_texts()[0][:, 0], torch.from_numpy(corpus.class_vectors())
    member = torch.from_numpy(corpus.class_membership())
    wanted = [*model.image.mlp.parameters(), *model.adapter.parameters()]
    if config.global_tokens:
        for part in (model.image.global_branch, model.image.attend, model.image.attended):
            wanted += part.parameters()
    slow = [
        model.image.class_texts.weight,
        model.image.class_sharpness,
        model.log_scale,
        model.tag_scale,
        model.tag_bias,
        model.class_scale,
    ]
    optimiser = torch.optim.AdamW(
        [{"params": wanted, "lr": 1e-3, "weight_decay": 0.05}, {"params": slow, "lr": 2e-4, "weight_decay": 0.0}]
    )
    base = [g["lr"] for g in optimiser.param_groups]
    steps_per_epoch = max(1, len(captioned) // CAPTIONED)
    total, step, begun = epochs * steps_per_epoch, 0, time.time()
    average = Average(model, 0.98)
    state_file = out / f"stage1{'' if fold is None else f'_fold{fold}'}.state"
    if resume and state_file.exists():
        saved = torch.load(state_file, weights_only=False)
        model.load_state_dict(saved["model"])
        average.model.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        rng = saved["rng"]
        step = saved["step"]
        torch.set_rng_state(saved["torch_rng"])
    for epoch in range(step // steps_per_epoch, epochs):
        order = rng.permutation(captioned)
        model.train()
        sums = np.zeros(4)
        for k in range(steps_per_epoch):
            factor = min(1, (step + 1) / 40) * 0.5 * (1 + math.cos(math.pi * step / total)) + 0.01
            for group, lr in zip(optimiser.param_groups, base, strict=True):
                group["lr"] = lr * factor
            paired = np.concatenate(
                [order[k * CAPTIONED : (k + 1) * CAPTIONED], rng.choice(pairs, PAIRS, replace=False)]
            )
            loss, parts = stage1_loss(
                model,
                corpus,
                texts,
                paired,
                rng.choice(rest, OTHERS, replace=False),
                rng,
                names,
                classes,
                member,
                FIRST,
            )
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(wanted, 1.0)
            optimiser.step()
            step += 1
            average.update(model, step)
            sums += [float(p) for p in parts]
        line = {
            "stage": 1,
            "fold": fold,
            "epoch": epoch + 1,
            "seconds": round(time.time() - begun),
            "loss": [round(x, 3) for x in sums / steps_per_epoch],
        }
        if epoch % 3 == 2 or epoch + 1 == epochs:
            line.update(tune_figures(average.model, corpus, texts))
        report(json.dumps(line))
        torch.save(
            {
                "model": model.state_dict(),
                "average": average.model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "rng": rng,
                "torch_rng": torch.get_rng_state(),
                "step": step,
            },
            state_file,
        )
    return average.model


def train_second(first: Model, corpus, texts, epochs: int, seed: int, report=print) -> Model:
    """Adds a second pooled MLP to a stage-1 model: trained alone against the first one's frozen adapter and class branch,
    then averaged in. Two views that overfit differently find more than either."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    config = Config(**{**first.config.as_dict(), "second": True})
    alone = Model(Config(**{**first.config.as_dict(), "global_tokens": False}))
    alone.load_state_dict(first.state_dict())
    fresh = Model(alone.config).image.mlp
    alone.image.mlp.load_state_dict(fresh.state_dict())
    for p in alone.parameters():
        p.requires_grad_(False)
    for p in alone.image.mlp.parameters():
        p.requires_grad_(True)
    captioned = corpus.where("train", "flickr8k")
    pairs = np.array([i for i in corpus.where("train", *(PAIRED - {"flickr8k"})) if texts.full_of[i]])
    rest = np.setdiff1d(corpus.where("train"), captioned)
    names, classes = corpus.label_texts()[0][:, 0], torch.from_numpy(corpus.class_vectors())
    member = torch.from_numpy(corpus.class_membership())
    optimiser = torch.optim.AdamW(alone.image.mlp.parameters(), lr=1e-3, weight_decay=0.05)
    steps = max(1, len(captioned) // CAPTIONED)
    total, step, begun, average = epochs * steps, 0, time.time(), Average(alone, 0.98)
    alone.adapter.eval()
    for _ in range(epochs):
        order = rng.permutation(captioned)
        alone.image.train()
        for k in range(steps):
            optimiser.param_groups[0]["lr"] = 1e-3 * (
                min(1, (step + 1) / 40) * 0.5 * (1 + math.cos(math.pi * step / total)) + 0.01
            )
            paired = np.concatenate(
                [order[k * CAPTIONED : (k + 1) * CAPTIONED], rng.choice(pairs, PAIRS, replace=False)]
            )
            others = rng.choice(rest, OTHERS, replace=False)
            loss, _ = stage1_loss(alone, corpus, texts, paired, others, rng, names, classes, member, SECOND)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(alone.image.mlp.parameters(), 1.0)
            optimiser.step()
            step += 1
            average.update(alone, step)
    both = Model(config)
    state = {**first.state_dict(), **{f"image.second.{k}": v for k, v in average.model.image.mlp.state_dict().items()}}
    both.load_state_dict(state)
    line = {
        "stage": "second",
        "seconds": round(time.time() - begun),
        "alone": tune_figures(average.model, corpus, texts),
    }
    report(json.dumps(line | {"both": tune_figures(both.eval(), corpus, texts)}))
    return both


def read_keep_out(file) -> frozenset:
    """Labels that a run for open-vocabulary figures must not see."""
    return frozenset(Path(file).read_text(encoding="utf-8").split("\n")) - {""} if file else frozenset()


def run(args) -> None:
    """All stages, each skipped when its result is already in the run folder."""
    from . import align, features, fit

    out, work = args.out, args.work or args.out / "work"
    out.mkdir(parents=True, exist_ok=True)

    def report(line) -> None:
        line = line if isinstance(line, str) else json.dumps(line)
        print(line, flush=True)
        with open(out / "history.jsonl", "a", encoding="utf-8") as history:
            history.write(line + "\n")

    def stage(name: str, build):
        """The model of a stage: read from RUN/name.pt, or built and written there."""
        file = out / f"{name}.pt"
        if args.resume and file.exists():
            saved = torch.load(file, weights_only=True)
            model = Model(Config(**saved["config"]))
            model.load_state_dict(saved["model"])
            return model.eval()
        model = build()
        torch.save({"config": model.config.as_dict(), "model": model.state_dict()}, file)
        return model

    features.build(args.data, work, False, args.threads)
    features.build(args.data, work, True, args.threads)
    corpus = Corpus(args.data, work, args.open_only, read_keep_out(args.keep_out))
    texts = Texts(corpus)
    first = stage(
        "stage1", lambda: train_stage1(corpus, texts, out, args.epochs[0], args.seed, resume=args.resume, report=report)
    )
    folds = [
        stage(
            f"fold{f}",
            lambda f=f: train_stage1(
                corpus, texts, out, args.epochs[1], args.seed + 10 + f, f, resume=args.resume, report=report
            ),
        )
        for f in range(4)
    ]
    seed = args.seed + 20
    first = stage("second", lambda: train_second(first, corpus, texts, args.epochs[2], seed, report))
    words = align.WordStore(corpus, texts)

    def second():
        fitted = align.CrossFitted(corpus, folds, first)
        return align.train_stage2(
            copy.deepcopy(first), corpus, texts, words, fitted, out, args.epochs[3], args.seed, report
        )

    model = stage("stage2", second)
    fitted, prior, encoded = fit.fit_text(model, corpus, texts, report)
    model.prior.load_state_dict(prior.state_dict())
    fit.fit_labels(model, corpus, fitted, encoded, report)
    torch.save(
        {
            "config": model.config.as_dict(),
            "model": model.state_dict(),
            "fitted": fitted.as_dict(),
            "labels": [vars(label) for label in corpus.labels],
            "seed": args.seed,
            "open_only": args.open_only,
            "keep_out": bool(args.keep_out),
            "rows": corpus.source_counts(),
        },
        out / "model.pt",
    )
    report({"done": str(out / "model.pt")})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="data folder")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    parser.add_argument(
        "--work", type=Path, help="feature cache and unpacked images, outside the repository (default: OUT/work)"
    )
    parser.add_argument("--resume", action="store_true", help="continue a run that was stopped")
    parser.add_argument("--open-only", action="store_true", help="without the sources that are research-only")
    parser.add_argument(
        "--keep-out", type=Path, help="file of labels to hold out, one a line (open-vocabulary figures)"
    )
    parser.add_argument("--epochs", type=int, nargs=4, default=EPOCHS, metavar=("STAGE1", "FOLD", "SECOND", "STAGE2"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    run(args)


if __name__ == "__main__":
    main()
