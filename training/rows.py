"""The rows: which images there are, what is known about each, and what each may be used for.

They come from data folders (`manifest.jsonl.gz`, shards, `licences.json`, `imagenet_classes.json`) and from the .jsonl
files of people who train on their own images (docs/training.md), in any number and mixture.
"""

import gzip
import hashlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

CAPTIONS = "flickr8k"  # the captioned source of the data folder
PAIRED = {"corel5k", "msrc_v2", "tuxpaint-stamps"}  # other sources whose texts say enough to tell images apart
SPLITS = ("train", "tune", "report", "heldout")
LEAST = {"train": 20, "tune": 10}  # rows without which training, or the calibration, makes no sense
TRUSTED = 200  # tuning rows from which on the probabilities can be relied on
SHOWN = 10  # faulty rows or files that a message lists


class BadData(ValueError):
    """Something is wrong with the data; the message says where and what to do."""


@dataclass
class Row:
    """One image with what is known about it."""

    file: str  # as its list names it; the split rule hashes this
    source: str
    split: str
    captions: list = field(default_factory=list)
    tags: list = field(default_factory=list)
    wnid: str = ""
    research_only: bool = False
    own: bool = False  # of a user's .jsonl
    path: Path = None  # where the image lies

    @property
    def part(self) -> str:
        """`train`, `tune` (fit calibration and gates, choose checkpoints) or `report` (figures only)."""
        return own_part(self.file, self.split) if self.own else part_of(self.file, self.source, self.split)

    @property
    def name(self) -> str:
        """A file name that no other row has."""
        return f"{sha1_of(self.file):040x}"[:16] + Path(self.file).suffix if self.own else Path(self.file).name

    @property
    def captioned(self) -> bool:
        """Whether alignment learns from the row's captions first of all."""
        return bool(self.captions) if self.own else self.source == CAPTIONS

    @property
    def paired(self) -> bool:
        """Whether the row has another text that says enough to tell it apart."""
        if self.captioned:
            return False
        if self.own:
            return bool(self.tags)
        return self.source in PAIRED and (bool(self.captions) or len(self.tags) > 1)


def sha1_of(name: str) -> int:
    return int(hashlib.sha1(name.encode()).hexdigest(), 16)


def part_of(file: str, source: str, split: str) -> str:
    """The split rule of the data folder: what a row may be used for.

    Flickr8k's held-out rows are for reporting only, so a twelfth of its train rows is kept for tuning. The held-out
    rows of the other sources are halved by the parity of sha1(file).
    """
    if source == CAPTIONS:
        if split == "heldout":
            return "report"
        return "tune" if sha1_of(file) % 12 == 0 else "train"
    if split == "heldout":
        return "tune" if sha1_of(file) % 2 == 0 else "report"
    return "train"


def own_part(file: str, split: str) -> str:
    """The split rule of a user's row: what it says, `heldout` halved as above; without a split a tenth is for tuning and
    a tenth for reporting, by sha1(file)."""
    if split == "heldout":
        return "tune" if sha1_of(file) % 2 == 0 else "report"
    return split or {0: "tune", 1: "report"}.get(sha1_of(file) % 10, "train")


def read_rows(sources, images: Path = Path(), open_only: bool = False) -> list:
    """All rows of data folders and .jsonl files (one path or several); `images`: where the folders' shards are unpacked."""
    rows = []
    for source in [sources] if isinstance(sources, (str, Path)) else sources:
        source = Path(source)
        rows += read_folder(source, Path(images)) if source.is_dir() else read_jsonl(source)
    return [r for r in rows if not (open_only and r.research_only)]


def row_of(record: dict, source: str, **more) -> Row:
    captions = [c.strip() for c in record.get("captions") or [] if c.strip()]
    return Row(
        file=record["file"],
        source=record.get("source") or source,
        split=record.get("split") or "",
        captions=captions,
        tags=[t.strip() for t in record.get("tags") or [] if t.strip()],
        wnid=record.get("wnid") or "",
        research_only=bool(record.get("research_only", False)),
        **more,
    )


def read_folder(folder: Path, images: Path) -> list:
    """The rows of a data folder's manifest."""
    manifest = folder / "manifest.jsonl.gz"
    if not manifest.exists():
        raise BadData(f"{folder}: a folder without manifest.jsonl.gz; --data takes a data folder or a .jsonl file")
    with gzip.open(manifest, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return [row_of(r, folder.name, path=images / r["file"]) for r in records]


def read_jsonl(file: Path) -> list:
    """The rows of a user's .jsonl, checked: every fault with its line, every missing image."""
    if not file.is_file():
        raise BadData(f"{file}: no such file or folder")
    rows, faults, seen = [], [], {}
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            faults.append(f"{file}:{number}: not JSON: {error}")
            continue
        fault = fault_of(record, seen)
        if fault:
            faults.append(f"{file}:{number}: {fault}")
        else:
            seen[record["file"]] = number
            rows.append(row_of(record, file.stem, own=True, path=file.parent / record["file"]))
    refuse(faults, "rows are faulty")
    if not rows:
        raise BadData(f"{file}: no rows")
    missing = [f"{file}:{seen[r.file]}: no such image: {r.path}" for r in rows if not r.path.is_file()]
    refuse(missing, "images are missing; files are relative to the .jsonl")
    return rows


def fault_of(record, seen: dict) -> str:
    """What is wrong with one record of a .jsonl; empty when nothing is."""
    if not isinstance(record, dict):
        return "not a JSON object"
    if not isinstance(record.get("file"), str) or not record["file"]:
        return 'no "file"'
    if record["file"] in seen:
        return (
            f"{record['file']} is already in line {seen[record['file']]}; put all that is known of an image in one row"
        )
    for name in ("captions", "tags"):
        values = record.get(name) or []
        if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            return f'"{name}" is not a list of strings'
    if not any(text.strip() for name in ("captions", "tags") for text in record.get(name) or []):
        return "neither captions nor tags"
    if record.get("split") and record["split"] not in SPLITS:
        return f'split "{record["split"]}" is none of {", ".join(SPLITS)}'
    return ""


def refuse(faults: list, what: str) -> None:
    """Raises BadData with the first faults and how many there are."""
    if faults:
        rest = [f"... and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
        raise BadData("\n".join([f"{len(faults)} {what}:", *faults[:SHOWN], *rest]))


def check_parts(rows: list) -> None:
    """Raises BadData when there are too few rows to train or to calibrate on; warns when there are few."""
    counts = {part: sum(r.part == part for r in rows) for part in ("train", "tune", "report")}
    for part, least in LEAST.items():
        if counts[part] < least:
            raise BadData(
                f"{counts[part]} rows are for `{part}`, at least {least} are needed ({TRUSTED} of `tune` for "
                f'probabilities to be relied on): add images, or give more rows "split": "{part}"'
            )
    if counts["tune"] < TRUSTED:
        print(
            f"warning: {counts['tune']} rows to calibrate on; probabilities and the default cut are rough below {TRUSTED}",
            file=sys.stderr,
        )
    if not counts["report"]:
        print("warning: no rows to report on: nothing will say how good the model is", file=sys.stderr)
