"""Writes the Go part of THIRD_PARTY_NOTICES.md: every module that is linked into bin/sightline, with its licences.

    python3 scripts/notices.py            writes it
    python3 scripts/notices.py --check    fails when it is not up to date (`make lint`)

What stands above the marker is written by hand and kept. The modules' own files are read from Go's module cache.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "THIRD_PARTY_NOTICES.md"
MARKER = "<!-- Everything below is written by scripts/notices.py. -->\n"
LEGAL = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|PATENTS|THIRD-PARTY)", re.IGNORECASE)
# The part of a licence's text that tells which it is, most telling first.
KINDS = {
    "Apache-2.0": "Apache License",
    "MPL-2.0": "Mozilla Public License",
    "BSD-3-Clause": "Neither the name",
    "BSD-2-Clause": "Redistributions in binary form",
    "MIT": "Permission is hereby granted, free of charge",
    "ISC": "Permission to use, copy, modify, and",
}


def main() -> int:
    before = FILE.read_text()
    if MARKER not in before:
        raise SystemExit(f"{FILE.name}: the marker line is missing: {MARKER}")
    after = before[: before.index(MARKER)] + MARKER + "\n" + render(linked_modules())
    if "--check" not in sys.argv:
        FILE.write_text(after)
    elif before != after:
        print(f"{FILE.name} is not up to date: run python3 scripts/notices.py", file=sys.stderr)
        return 1
    return 0


def linked_modules() -> list[tuple[str, str, Path]]:
    """(path, version, folder) of each module that cmd/sightline is built of, its own left out."""
    form = "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}"
    command = ["go", "list", "-deps", "-f", form, "./cmd/sightline"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    rows = (line.split(" ", 2) for line in sorted(set(listed.splitlines())) if line)
    return [(path, version, Path(folder)) for path, version, folder in rows]


def render(modules: list[tuple[str, str, Path]]) -> str:
    table = ["## Go modules in the program\n\n", "| module | version | licence |\n", "| --- | --- | --- |\n"]
    users: dict[str, list[str]] = {}  # a legal text -> the files that have it
    for path, version, folder in modules:
        texts = {
            file.name: clean(file) for file in sorted(folder.iterdir()) if file.is_file() and LEGAL.match(file.name)
        }
        if not texts:
            raise SystemExit(f"{path} {version} has no licence file; find out its licence before it is used")
        table.append(f"| {path} | {version} | {kind(path, texts)} |\n")
        for name, text in texts.items():
            users.setdefault(text, []).append(f"{path} ({name})")
    sections = [f"\n## {', '.join(files)}\n\n```text\n{text}\n```\n" for text, files in users.items()]
    return "".join(table + sections)


def clean(file: Path) -> str:
    lines = file.read_text(errors="replace").replace("```", "'''").splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def kind(path: str, texts: dict[str, str]) -> str:
    main = next(
        (text for name, text in texts.items() if name.upper().startswith(("LICENSE", "LICENCE", "COPYING"))), ""
    )
    for name, telling in KINDS.items():
        if telling in main:
            return name
    raise SystemExit(f"{path}: a licence that scripts/notices.py does not know")


if __name__ == "__main__":
    sys.exit(main())
