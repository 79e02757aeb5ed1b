"""The lists that lie beside an official checkpoint - names, thresholds, Chinese names - and the labels.jsonl that they become."""

import json
from pathlib import Path

from .ram_plus_layout import DESCRIPTIONS


def read_lines(file: Path) -> list:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as reason:
        raise SystemExit(f"{file}: cannot be read as UTF-8 text: {reason}") from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def read_lists(args, weights: dict) -> tuple:
    """Names, thresholds and Chinese names (or none), as many as the checkpoint has labels."""
    names, thresholds = read_lines(args.labels), read_lines(args.thresholds)
    chinese = read_lines(args.labels_zh) if args.labels_zh else []
    check_counts(weights, names, thresholds, chinese)
    first = {}
    for number, name in enumerate(names, 1):
        other = first.setdefault(name.lower(), number)
        if other != number:
            raise SystemExit(f"{args.labels}: lines {other} and {number} name the same label, {name!r}")
    return names, [threshold(args.thresholds, i, text) for i, text in enumerate(thresholds, 1)], chinese


def threshold(file: Path, number: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise SystemExit(f"{file}: line {number} is {text!r}, not a threshold of 0 to 1")
    return value


def write_labels(target: Path, names: list, thresholds: list, chinese: list) -> None:
    """labels.jsonl; a Chinese name is an alias where no other label has it."""
    taken = {name.lower() for name in names}
    with open(target, "w", encoding="utf-8") as out:
        for i, name in enumerate(names):
            alias = chinese[i].lower() if chinese else ""
            aliases = [chinese[i]] if alias and alias not in taken else []
            taken.add(alias)
            entry = {
                "name": name,
                "aliases": aliases,
                "descriptions": DESCRIPTIONS,
                "threshold": thresholds[i],
            }
            out.write(json.dumps(entry, ensure_ascii=False) + "\n")


def check_counts(weights: dict, names: list, thresholds: list, chinese: list) -> None:
    """Stops with both numbers when a list does not fit the checkpoint."""
    rows = weights["label_embed"].shape[0]
    wanted = rows // DESCRIPTIONS
    lists = (("labels", names), ("thresholds", thresholds), ("labels-zh", chinese or names))
    for what, found in lists:
        if len(found) != wanted:
            raise SystemExit(
                f"--{what} has {len(found)} lines, the checkpoint has {wanted} labels ({rows} descriptions)"
            )
