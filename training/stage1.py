"""Stage 1: the global vector and the text adapter, from captions, tags and the distilled ImageNet posterior together
(TRAINING lessons 1 and 2: the distillation has to be there from the first step)."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from . import evaluate, loop, losses
from .batches import Batches, Texts
from .corpus import Corpus, fold_of
from .model import Config, Model

SIZES = (224, 64, 128)  # rows of a batch: captioned, other rows with telling texts, the rest
FOLDS = 4


@dataclass(frozen=True)
class Recipe:
    """What a stage-1 model is shown, and how much each loss weighs beside the captions' InfoNCE."""

    tags: float  # asymmetric loss over the label set
    distilled: float  # KL from the ImageNet posterior
    phrase: float  # share of captioned rows that are paired with a short phrase instead
    mix: float  # largest share of a second caption in a text vector: a caption says what one person saw
    soft: float = 0.3  # cross entropy against the text encoder's own similarities
    kept: float = 0.1  # L1 to the global vectors of the model that training started from, if there is one
    tag_loss: str = ""  # of losses.TAG_LOSSES instead of asymmetric loss with gamma 2
    align_loss: str = ""  # of losses.ALIGN_LOSSES instead of InfoNCE


FIRST = Recipe(tags=0.03, distilled=0.8, phrase=0.2, mix=0.5)
SECOND = Recipe(tags=0.02, distilled=0.5, phrase=0.12, mix=0.5)


def initialise(model: Model, corpus: Corpus, rng) -> None:
    """Standardisation from a sample of the train rows; the class branch from the class names' text vectors."""
    train = corpus.where("train")
    tokens, pooled, _ = corpus.batch(np.sort(rng.choice(train, min(2000, len(train)), replace=False)))
    head = model.image
    head.token_mean.copy_(tokens.mean((0, 1)))
    head.token_scale.copy_(1 / (tokens.std((0, 1)) + 1e-3))
    head.pooled_mean.copy_(pooled.mean(0))
    head.pooled_scale.copy_(1 / (pooled.std(0) + 1e-3))
    with torch.no_grad():
        head.class_texts.weight.zero_()
        head.class_texts.weight[:, : len(corpus.classes)] = torch.from_numpy(corpus.class_vectors()).t()
        head.class_texts.weight[:, np.flatnonzero(~corpus.taught)] = 0
        for last in (head.mlp[-1], head.attended):
            last.weight.mul_(0.1)
            last.bias.zero_()


@torch.no_grad()
def global_vectors(model: Model, corpus: Corpus, ids: np.ndarray, batch: int = 128) -> torch.Tensor:
    """Global vectors [N, E] of rows."""
    model.eval()
    found = [torch.zeros(0, model.config.text)]
    for at in range(0, len(ids), batch):
        seen = corpus.batch(ids[at : at + batch], tokens=model.config.global_tokens or model.config.tuned)
        found.append(model.image.global_vector(*seen))
    return torch.cat(found)


@torch.no_grad()
def tune_figures(model: Model, corpus: Corpus, texts: Texts) -> dict:
    """Recall on the captioned tuning rows, mAP on the tuning rows of the sources with tags; all dot product."""
    captioned = corpus.captioned("tune")
    vectors = global_vectors(model, corpus, captioned)
    numbers = [(t, k) for k, i in enumerate(captioned) for t in texts.full_of[i]]
    queries = model.adapter(texts.vectors[[t for t, _ in numbers]])
    figures = evaluate.recall(evaluate.ranks((queries @ vectors.t()).numpy(), np.array([k for _, k in numbers])))
    names = model.adapter(corpus.label_texts()[0][:, 0])
    for source in corpus.judged("tune"):
        rows = corpus.where("tune", source)
        scores = (global_vectors(model, corpus, rows) @ names.t()).numpy()
        figures[source] = evaluate.mean_average_precision(scores, corpus.positive[rows])[0]
    return {k: round(v, 4) for k, v in figures.items() if v is not None}


class Objective:
    """The joint loss of a batch: captions and phrases, tags, distillation, and the global vectors of `teacher`."""

    def __init__(self, model: Model, corpus: Corpus, texts: Texts, recipe: Recipe, teacher: Model = None):
        self.model, self.corpus, self.texts, self.recipe, self.teacher = model, corpus, texts, recipe, teacher
        self.tag_loss = losses.TAG_LOSSES.get(recipe.tag_loss, losses.asymmetric)
        self.names = corpus.label_texts()[0][:, 0]
        self.taught = np.flatnonzero(corpus.taught)
        self.classes = torch.from_numpy(corpus.class_vectors())[self.taught]
        self.member = torch.from_numpy(corpus.class_membership())

    def __call__(self, batch: tuple, rng) -> tuple:
        """(rows that are paired with texts, other rows) -> (loss, its parts)."""
        paired, recipe = batch[0], self.recipe
        ids = np.concatenate(batch)
        seen = self.features(ids, rng)
        vectors, logits = self.vectors(self.model.image, *seen), seen[-1]
        parts = self.captions(vectors[: len(paired)], paired, rng)
        parts["tags"] = self.tags(vectors, ids, logits)
        loss = parts["captions"] + recipe.soft * parts["soft"] + recipe.tags * parts["tags"]
        if len(self.taught):  # else the names of the ImageNet classes are not known
            similarity = self.model.class_scale * vectors @ self.classes.t()
            parts["distilled"] = losses.distillation(similarity, logits[:, self.taught])
            loss = loss + recipe.distilled * parts["distilled"]
        if self.teacher is not None:
            with torch.no_grad():
                taught = self.vectors(self.teacher.image, *seen)
            parts["kept"] = (vectors - taught).abs().sum(1).mean()
            loss = loss + recipe.kept * parts["kept"]
        return loss, parts

    def features(self, ids, rng) -> tuple:
        """tokens, kept tokens, pooled, ImageNet logits of rows: half of them mirrored, a tenth of the tokens left out."""
        tokens, pooled, logits = self.corpus.batch(ids, rng.random(len(ids)) < 0.5, self.model.config.global_tokens)
        return tokens, (torch.rand(tokens.shape[:2]) > 0.1).float().unsqueeze(-1), pooled, logits

    def vectors(self, image, tokens, keep, pooled, logits):
        """Global vectors of rows."""
        with torch.autocast("cpu", torch.bfloat16):
            vectors = image.vector(image.standard_tokens(tokens) * keep, pooled, logits)
        return F.normalize(vectors.float(), dim=-1)

    def captions(self, vectors, paired, rng) -> dict:
        chosen = self.texts.draw(paired, rng, self.recipe.phrase)
        relations = self.texts.relations(paired, chosen)
        raw = self.texts.mixed(paired, chosen, rng, self.recipe.mix)
        cosines = vectors @ self.model.adapter(raw).t()
        similarity = self.model.log_scale.exp().clamp(max=60) * cosines
        parts = {"soft": losses.soft_contrastive(similarity, raw @ raw.t())}
        if self.recipe.align_loss in ("", "CE"):
            return {"captions": losses.contrastive(similarity, *relations)} | parts
        scores = self.model.tag_scale * cosines + self.model.tag_bias  # as RAM++: a text is scored as a label is
        return {"captions": losses.ALIGN_LOSSES[self.recipe.align_loss](scores, *relations)} | parts

    def tags(self, vectors, ids, logits):
        model, corpus = self.model, self.corpus
        seen = (F.softmax(logits, 1) @ self.member) > 0.05  # what the backbone believes to see is no negative
        weight = torch.from_numpy(corpus.negative_weight[corpus.source_id[ids]]) * ~seen
        scores = model.tag_scale * vectors @ model.adapter(self.names).t() + model.tag_bias
        return self.tag_loss(scores, torch.from_numpy(corpus.positive[ids]), weight)


def groups(model: Model) -> list:
    """What stage 1 changes: its branches quickly, names and scales slowly."""
    image = model.image
    quick = [*image.mlp.parameters(), *model.adapter.parameters()]
    if model.config.global_tokens:
        for part in (image.global_branch, image.attend, image.attended):
            quick += part.parameters()
    slow = [image.class_texts.weight, image.class_sharpness]
    slow += [model.log_scale, model.tag_scale, model.tag_bias, model.class_scale]
    return [
        {"params": quick, "lr": 1e-3, "weight_decay": 0.05},
        {"params": slow, "lr": 2e-4, "weight_decay": 0.0},
    ]


def batches_of(corpus: Corpus, fold=None, sizes: tuple = SIZES) -> Batches:
    """Batches over the train rows; with `fold`, without the captioned rows of that cross-fitting fold."""
    captioned = corpus.captioned("train")
    rest = np.setdiff1d(corpus.where("train"), captioned)
    if fold is not None:
        captioned = captioned[[fold_of(corpus.rows[i].file, FOLDS) != fold for i in captioned]]
    return Batches(captioned, corpus.pairs("train"), rest, sizes)


def train_stage1(
    corpus: Corpus,
    texts: Texts,
    stage: loop.Stage,
    fold=None,
    init: Model = None,
    report=print,
    recipe: Recipe = FIRST,
) -> Model:
    """Trains stage 1; with `fold`, on the captioned rows outside that cross-fitting fold and on pooled features alone
    (nearly as good, and a tenth of the work). init: a finished model to start from, and to stay near to."""
    torch.manual_seed(stage.seed)
    model = Model(Config(global_tokens=fold is None))
    if init is None:
        initialise(model, corpus, np.random.default_rng(stage.seed))
    else:
        model = go_on(init, second=False, tuned=False, global_tokens=fold is None)
    teacher = None if init is None else copy.deepcopy(model).eval()
    objective = Objective(model, corpus, texts, recipe, teacher)

    def look(average):
        return tune_figures(average, corpus, texts)

    return loop.train(stage, model, groups(model), batches_of(corpus, fold), objective, report, look)


def go_on(init: Model, **changed) -> Model:
    """A model of another configuration with a finished model's weights, as far as both have them."""
    model = Model(Config(**{**init.config.as_dict(), **changed}))
    fresh = model.state_dict()
    shared = {k: v for k, v in init.state_dict().items() if k in fresh and v.shape == fresh[k].shape}
    model.load_state_dict({**fresh, **shared})
    return model


def train_second(
    first: Model,
    corpus: Corpus,
    texts: Texts,
    stage: loop.Stage,
    init: Model = None,
    report=print,
    recipe: Recipe = SECOND,
) -> Model:
    """Adds a second pooled MLP to a stage-1 model: trained alone against the first one's frozen adapter and class branch,
    then averaged in. Two views that overfit differently find more than either."""
    torch.manual_seed(stage.seed)
    alone = go_on(first, global_tokens=False, pooled_hidden=first.config.second_hidden)
    known = init is not None and init.image.second is not None
    alone.image.mlp.load_state_dict((init.image.second if known else Model(alone.config).image.mlp).state_dict())
    wanted = [{"params": alone.image.mlp.parameters(), "lr": 1e-3, "weight_decay": 0.05}]
    objective = Objective(alone, corpus, texts, recipe, copy.deepcopy(alone).eval() if known else None)
    trained = loop.train(stage, alone, wanted, batches_of(corpus), objective, report, active=[alone.image])
    both = go_on(first, second=True)
    both.image.second.load_state_dict(trained.image.mlp.state_dict())
    report({"stage": stage.name, "alone": tune_figures(trained, corpus, texts)})
    report({"stage": stage.name, "both": tune_figures(both.eval(), corpus, texts)})
    return both
