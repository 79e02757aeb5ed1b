"""Does a search find what is there, and nothing where a thing is not? Draws concepts from held-out rows and asks for them.

    python -m training.concepts --data DIR --out DIR [--wordnet DIR]          # draws images and concepts
    python -m training.concepts --out DIR --ask bin/sightline [--bundle DIR]  # indexes them and searches for each

The images are all tagged photographs of the report part. 200 present concepts are tags of theirs; 200 absent ones are tags
of other rows that none of them shows: neither the tag, nor a synonym, nor anything above or below it in WordNet (a picture
tagged "animal" may well show a weasel, and one tagged "poodle" shows a dog) is a tag of any of the images. Left out of both:
words that name nothing to be seen (emoji keywords among them), and brands, whose packets look alike. Left out of the absent
ones: what pictures show without being tagged with it.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

from . import data
from .calibrate import UNMENTIONED
from .labels import BRANDS, DRAWINGS, EMOJI, STOP, read_classes
from .rows import read_rows
from .wordnet import Wordnet

UNTAGGED = UNMENTIONED | {
    "petal", "shadow", "silhouette", "reflection", "night", "outside", "interior", "town", "crowd", "hands", "stairs", "log",
    "detail", "dust", "emoji", "finger", "eye", "mouth", "hair", "skin", "nature", "wool", "rockface", "clearing",
}  # fmt: skip
COUNT, SEED = 200, 4
MATCHES = "present", "absent"


def kin_of(classes: list, wordnet: Wordnet):
    """tag -> every other name for it and everything above it, itself included. A "red apple" is an apple."""
    above = {}
    for c in classes:
        for name in (c["name"], *c["alt"]):
            above.setdefault(name.lower(), set()).update(x.lower() for x in (c["name"], *c["alt"], *c["hypernyms"]))

    def kin(tag: str) -> set:
        names = {tag} | above.get(tag, set()) | wordnet.above(tag)
        head = tag.split()[-1]
        return names if head == tag else names | kin(head)

    return kin


def named(tag: str) -> bool:
    """Whether a tag names something that a person would search for."""
    return len(tag) > 2 and tag not in STOP and not BRANDS.match(tag) and not any(c.isdigit() for c in tag)


def draw(rows: list, kin, count: int = COUNT, seed: int = SEED) -> tuple:
    """(images, present tags, absent tags) of rows; as many of each as there are, `count` at most."""
    images = [r for r in rows if r.source not in DRAWINGS and r.tags and r.part == "report"]
    shown = {t.lower() for r in images for t in r.tags}
    implied = {name for t in shown for name in kin(t)}
    absent = {t.lower() for r in rows if r.source not in EMOJI for t in r.tags} - UNTAGGED
    absent = {t for t in absent if named(t) and t not in implied and not kin(t) & shown}
    chance = random.Random(seed)
    present = {t for t in shown if named(t)}
    return images, *(sorted(chance.sample(sorted(x), min(count, len(x)))) for x in (present, absent))


def write(sources: list, out: Path, wordnet: Path) -> None:
    """OUT/photographs and OUT/concepts.json."""
    folder = out / "photographs"
    folder.mkdir(parents=True, exist_ok=True)
    rows = read_rows(sources, data.unpack(sources, out))
    images, present, absent = draw(rows, kin_of(read_classes(sources), Wordnet(wordnet)))
    for row in images:
        shutil.copyfile(row.path, folder / row.name)
    tags = {row.name: [t.lower() for t in row.tags] for row in images}
    content = {"present": present, "absent": absent, "tags": tags}
    (out / "concepts.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"{out}: {len(images)} images, {len(present)} present and {len(absent)} absent concepts")


def ask(out: Path, program: Path, bundle: Path = None) -> dict:
    """Indexes the images, searches for every concept at the default cut, and counts."""
    concepts = json.loads((out / "concepts.json").read_text(encoding="utf-8"))
    index = out / "index"
    shutil.rmtree(index, ignore_errors=True)
    command = [str(program.resolve()), "--data", str(index), "--quiet", "--json"]
    command += ["--bundle", str(bundle)] if bundle else []
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SIGHTLINE_")}

    def run(*arguments):
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True, env=environment)
        return json.loads(done.stdout)

    run("index", str(out / "photographs"))
    answers = {kind: {c: run("search", "--limit", "1", "--plain", c) for c in concepts[kind]} for kind in MATCHES}
    right = [
        c
        for c, answer in answers["present"].items()
        if answer["matched"] and c in concepts["tags"][Path(answer["results"][0]["path"]).name]
    ]
    return {
        "images": len(concepts["tags"]),
        "present": len(concepts["present"]),
        "present_matched": sum(a["matched"] for a in answers["present"].values()) / max(1, len(concepts["present"])),
        "present_first_right": len(right) / max(1, len(concepts["present"])),
        "absent": len(concepts["absent"]),
        "absent_nothing": sum(not a["matched"] for a in answers["absent"].values()) / max(1, len(concepts["absent"])),
        "missed": [c for c, a in answers["present"].items() if not a["matched"]],
        "invented": [c for c, a in answers["absent"].items() if a["matched"]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"), help="Debian's wordnet-base")
    parser.add_argument("--ask", type=Path, metavar="PROGRAM", help="the sightline program to ask")
    parser.add_argument("--bundle", type=Path, help="for --ask: the bundle (default: the program's own)")
    parser.add_argument("--json", type=Path, help="for --ask: a file for the figures")
    args = parser.parse_args()
    if not args.data and not args.ask:
        parser.error("nothing to do: name --data to draw concepts, --ask to ask for them")
    if args.data:
        write(args.data, args.out, args.wordnet)
    if args.ask:
        text = json.dumps(ask(args.out, args.ask, args.bundle), indent=1)
        print(text)
        if args.json:
            args.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
