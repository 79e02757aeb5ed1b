"""What training and evaluation read: rows, cached backbone features, text vectors, and the label matrix."""

from pathlib import Path

import numpy as np
import torch

from . import features, phrases, text
from . import labels as labelling
from .backbone import CLASSES
from .rows import read_rows, sha1_of

OUTSIDE = 0.1  # weight of a negative whose label never occurs in the row's source
JUDGED = ("corel5k", "tiny-imagenet")  # sources of the data folder whose tags are full enough to judge by
FEWEST, MOST = (
    3,
    labelling.MIN_COUNT,
)  # train rows that carry a tag before it becomes a label, by size of the collection


class Corpus:
    """Rows of data folders and .jsonl files with everything about them in arrays that share the rows' order."""

    def __init__(
        self,
        sources,
        work: Path,
        open_only: bool = False,
        keep_out: frozenset = frozenset(),
        flip: bool = True,
        classes: list = None,
        labels: list = (),
    ):
        """classes: the ImageNet classes (default: those of a data folder among `sources`); labels: an earlier run's."""
        self.work, self.keep_out = Path(work), keep_out
        self.rows = read_rows(sources, self.work / "images")
        self.plain = features.open_arrays(work, False, len(self.rows))
        self.flip = features.open_arrays(work, True, len(self.rows)) if flip else None
        self.classes = labelling.read_classes(sources) if classes is None else classes
        self.allowed = np.array([not (open_only and r.research_only) for r in self.rows])
        self.parts = np.array([r.part for r in self.rows])
        self.sources = np.array([r.source for r in self.rows])
        self._texts_first()
        usable = [r for r, allowed in zip(self.rows, self.allowed, strict=True) if allowed]
        least = int(np.clip(len(self.where("train")) // 500, FEWEST, MOST))
        self.labels = labelling.build(usable, self.classes, keep_out, least, labels)
        self.index = labelling.index_of(self.labels)
        self.class_of = {c["wnid"]: i for i, c in enumerate(self.classes) if c.get("wnid")}
        self.taught = labelling.taught(self.classes, keep_out)  # bool [classes]: those whose names training may see
        self.encoder = text.Encoder(self._text_encoder(), text.tokenizer_json(), threads=2)
        self.positive = self._positives()  # bool [N, L]
        self.negative_weight = self._negative_weights()  # f32 [sources, L]

    def _texts_first(self) -> None:
        """Which rows teach alignment: the captioned ones, or, where none has captions, those with telling tags."""
        kept = np.array([bool(r.captions or self._told(r)) for r in self.rows])
        captioned = np.array([r.captioned for r in self.rows]) & kept
        paired = np.array([r.paired for r in self.rows]) & kept
        if (captioned & (self.parts == "train") & self.allowed).any():
            self.is_captioned, self.is_paired = captioned, paired
        else:
            self.is_captioned, self.is_paired = paired, np.zeros_like(paired)

    def _told(self, row) -> list:
        """The row's tags without those that are held out, which must not be seen in a text of tags either."""
        return [t for t in row.tags if not labelling.held_out(t, self.keep_out)]

    def _text_encoder(self) -> Path:
        target = self.work / "text_encoder.onnx"
        if not target.exists():
            text.export(target)
        return target

    def where(self, part: str, *sources) -> np.ndarray:
        """Row numbers of a part, of the given sources or of all."""
        chosen = (self.parts == part) & self.allowed
        if sources:
            chosen &= np.isin(self.sources, sources)
        return np.flatnonzero(chosen)

    def captioned(self, part: str) -> np.ndarray:
        """Rows whose texts are what alignment learns from and is judged by."""
        return np.flatnonzero((self.parts == part) & self.allowed & self.is_captioned)

    def pairs(self, part: str) -> np.ndarray:
        """Other rows whose texts say enough to tell the images apart."""
        return np.flatnonzero((self.parts == part) & self.allowed & self.is_paired)

    def own_sources(self) -> list:
        """Sources of users' files."""
        return sorted({r.source for r in self.rows if r.own})

    def judged(self, part: str) -> list:
        """Sources whose tags a model is judged by while it is trained."""
        return [s for s in (*JUDGED, *self.own_sources()) if len(self.where(part, s))]

    def research_only(self) -> bool:
        """Whether a train row that was used may only serve research."""
        return any(self.rows[i].research_only for i in self.where("train"))

    def source_counts(self) -> dict:
        """Train rows that were used, per source."""
        used = self.sources[self.where("train")]
        return {str(source): int((used == source).sum()) for source in sorted(set(used))}

    def vectors(self, texts: list) -> np.ndarray:
        return text.cached_vectors(self.encoder, texts, self.work)

    def words(self, texts: list) -> tuple:
        """Content words of texts: vectors f16 [N, SLOTS, 384] (memory map), present bool [N, SLOTS]."""
        return text.cached_words(self.encoder, texts, self.work)

    def _positives(self) -> np.ndarray:
        matrix = np.zeros((len(self.rows), len(self.labels)), bool)
        for i, row in enumerate(self.rows):
            for name in labelling.positives(row, self.index, self.class_of, self.classes):
                matrix[i, self.index[name]] = True
        return matrix

    def _negative_weights(self) -> np.ndarray:
        self.source_names = sorted(set(self.sources))
        self.source_id = np.array([self.source_names.index(s) for s in self.sources])
        weights = np.full((len(self.source_names), len(self.labels)), OUTSIDE, np.float32)
        for s, name in enumerate(self.source_names):
            train = self.where("train", name)
            if len(train):
                weights[s, self.positive[train].sum(0) >= 3] = 1
        return weights

    def label_texts(self) -> tuple:
        """Description vectors f32 [L, n, 384] and counts [L]."""
        from .export import description_vectors

        return description_vectors(self.labels, CachedEncoder(self))

    def class_vectors(self) -> np.ndarray:
        """Text vectors of the ImageNet classes f32 [1000, 384]; [0, 384] where their names are not known."""
        return self.vectors([f"a photo of {labelling.article(c['name'].lower())}" for c in self.classes])

    def class_membership(self) -> np.ndarray:
        """f32 [1000, L]: 1 where the label names or contains the ImageNet class."""
        member = np.zeros((CLASSES, len(self.labels)), np.float32)
        for i, label in enumerate(self.labels):
            member[label.classes, i] = 1
        return member

    def texts_of_rows(self) -> tuple:
        """Captions and tag lists as texts: list of texts, and per row the numbers of its texts."""
        texts, of_row = [], [[] for _ in self.rows]
        for i, row in enumerate(self.rows):
            own = list(row.captions)
            tags = self._told(row)
            if row.paired and len(tags) > 1:
                own += [", ".join(tags), f"a photo of {' and '.join(tags)}", " ".join(reversed(tags))]
            elif row.paired and tags and not own:
                own = [f"a photo of {labelling.article(tags[0])}"]
            for t in own:
                of_row[i].append(len(texts))
                texts.append(t)
        return texts, of_row

    def phrases_of_rows(self, least: int = 1) -> tuple:
        """Short phrases of the captions: list of texts, and per row the numbers of its phrases."""

        def is_label(word: str) -> bool:
            return bool(labelling.word_label(word, self.index))

        number, of_row = {}, [[] for _ in self.rows]
        for i, row in enumerate(self.rows):
            if row.captioned:
                own = set().union(*(phrases.phrases(c, is_label) for c in row.captions))
                of_row[i] = [number.setdefault(p, len(number)) for p in sorted(own)]
        return list(number), of_row

    def batch(self, ids: np.ndarray, mirrored: np.ndarray = None, tokens: bool = True) -> tuple:
        """Backbone features of rows: tokens, pooled, logits as f32 tensors; `mirrored` picks the flipped pass.

        Without `tokens` their place holds a tensor of width 1, for models that use pooled features only.
        """
        out = []
        for name in features.ARRAYS:
            if name == "tokens" and not tokens:
                out.append(torch.zeros(len(ids), features.ARRAYS[name][0], 1))
                continue
            values = self.plain[name][ids].astype(np.float32)
            if mirrored is not None and self.flip is not None and mirrored.any():
                values[mirrored] = self.flip[name][ids[mirrored]]
            out.append(torch.from_numpy(values))
        return tuple(out)


class CachedEncoder:
    """An encoder whose results are kept in the corpus's work folder."""

    def __init__(self, corpus: Corpus):
        self.corpus = corpus

    def __call__(self, texts: list) -> np.ndarray:
        return self.corpus.vectors(texts)


def fold_of(file: str, folds: int) -> int:
    """The cross-fitting fold of a file."""
    return (sha1_of(file) >> 16) % folds
