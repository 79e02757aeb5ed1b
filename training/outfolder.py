"""A bundle's folder is complete or untouched: it is written beside its place and renamed."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from . import bundle

FILES = {"bundle.json", bundle.CARD, *bundle.FEATURE_FILES, *bundle.SCORING_FILES, *bundle.HALVES.values()}


def check(out: Path) -> None:
    """Refuses a place where something else lies than an older bundle."""
    if not out.exists():
        return
    if not out.is_dir():
        raise SystemExit(f"--out {out} is a file, it must name a folder")
    others = sorted({file.name for file in out.iterdir()} - FILES)
    if others:
        raise SystemExit(
            f"--out {out} holds {others[0]!r}, which no bundle has: name a new or empty folder, or that of an older bundle"
        )


@contextmanager
def replacing(out: Path):
    """Yields an empty folder that takes the place of `out` when the block ends well, and is removed when it does not."""
    check(out)
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        made = temporary / "new"
        made.mkdir()
        yield made
        if out.exists():
            os.rename(out, temporary / "old")
        os.rename(made, out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
