"""Writes the figures and the plots of docs/performance.md from what `sightline bench --json` and training.decoder_speed printed.

    python3 scripts/performance.py

Reads docs/performance/bench.json and docs/performance/decoder.json; `make performance` measures both anew. Needs nothing but Python.
"""

import json
import math
import sys
from fnmatch import fnmatchcase
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
FOLDER = DOCS / "performance"
PAGE = DOCS / "performance.md"
BEGIN, END = "<!-- figures: scripts/performance.py writes them -->", "<!-- end of figures -->"

# What was asked of a figure, by its name in the table, under that of its group where it has one; "*" at the end is any ending.
ASKED = {
    "re-ranking 100 candidates, 1 text: folded": "at least 12",
    "re-ranking 100 candidates, 1 text: int8 weights*": "at least 18, logits off by at most 0.05",
    "re-ranking 100 candidates, 4 texts: folded": "at least 4.8",
    "bytes an image of the official size: i8 features, rank correlation": "at least 0.9998",
    "bytes an image of the official size: i8 features, same top 20": "at least 98 %",
    "decoding in two steps: same top 20": "at least 99 %",
    "retrieval, 1000000 vectors": "at most 60 ms",
    "indexing*over its bound": "at least 0.90",
    "answers a second, 64 clients to one": "at least 1",
    "answers a second, least step": "does not fall",
    "p99 to p50, 16 clients": "at most 3",
    "first search after a start to the tenth": "at most 2",
}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 64, 24, 44, 56  # pixels
PARTS = (
    ("text_ms", "text", "#8250df"),
    ("retrieve_ms", "retrieve", "#bf8700"),
    ("fetch_ms", "fetch", "#1a7f37"),
    ("decode_ms", "decode", "#cf222e"),
    ("total_ms", "total", "#24292f"),
)


def read(name: str):
    path = FOLDER / name
    if not path.exists():
        return None
    return json.loads(path.read_text(encoding="utf-8"))


def table(bench: dict, decoder: dict | None) -> list:
    """Every figure as a row of a Markdown table."""
    lines = ["| figure | value | asked for | |", "| --- | --- | --- | --- |"]
    group = ""
    for name, value, *remark in bench["rows"]:
        if name.startswith("  "):
            full, shown = f"{group}: {name.strip()}", f"&emsp;{name.strip()}"
        else:
            group = full = shown = name
        asked = next((a for pattern, a in ASKED.items() if fnmatchcase(full, pattern)), "")
        lines.append(f"| {shown} | {value} | {asked} | {' '.join(remark)} |")
    for figure in decoder["figures"] if decoder else []:
        cpu = ", ".join(f"{form.replace('_', ' ')} {ms:.0f} ms" for form, ms in figure["cpu_ms"].items())
        name = f"{figure['candidates']} candidates x {figure['texts']} texts, ordinary PyTorch to folded ONNX Runtime"
        lines.append(f"| {name} | {figure['ratio']:.1f}x | | {cpu}; PyTorch {decoder['torch']} |")
    return lines


class Axes:
    """A plot with a logarithmic x axis and a linear y axis from 0."""

    def __init__(self, xs: list, top: float):
        self.xs, self.low, self.high = xs, math.log(xs[0]), math.log(max(xs[-1], xs[0] * 1.001))
        self.top = nice(top)

    def place(self, x: float, y: float) -> tuple:
        across = (math.log(x) - self.low) / (self.high - self.low)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y / self.top * (HEIGHT - TOP - BOTTOM)

    def frame(self, title: str, label: str) -> list:
        left, bottom = self.place(self.xs[0], 0)
        right, _ = self.place(self.xs[-1], 0)
        lines = [
            f'<text x="{LEFT}" y="20" font-weight="600">{title}</text>',
            f'<text x="{(left + right) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{label}</text>',
            f'<text transform="translate(16 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">median, ms</text>',
        ]
        for step in range(5):
            y = self.top * step / 4
            _, at = self.place(self.xs[0], y)
            lines.append(f'<line x1="{left}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}" stroke="#d0d7de"/>')
            lines.append(f'<text x="{left - 8}" y="{at + 4:.1f}" text-anchor="end">{y:g}</text>')
        for x in self.xs:
            at, _ = self.place(x, 0)
            lines.append(f'<text x="{at:.1f}" y="{bottom + 18}" text-anchor="middle">{x:,}</text>')
        return lines


def nice(value: float) -> float:
    """The least round number that is at least the value."""
    unit = 10 ** math.floor(math.log10(max(value, 1e-9)))
    return next(m * unit for m in (1, 2, 3, 4, 5, 6, 8, 10) if m * unit >= value)


def plot(target: Path, points: list, key: str, title: str, label: str) -> None:
    xs = [p[key] for p in points]
    axes = Axes(xs, max(p["total_ms"] for p in points))
    lines = axes.frame(title, label)
    for at, (part, name, colour) in enumerate(PARTS):
        places = [axes.place(p[key], p[part]) for p in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        lines.append(f'<text x="{LEFT + 8 + 80 * at}" y="38" fill="{colour}">{name}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    style = 'font-family="system-ui, sans-serif" font-size="12" fill="#24292f"'
    background = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
    target.write_text("\n".join([f"{head} {style}>", background, *lines, "</svg>"]) + "\n", encoding="utf-8")


def write_figures(lines: list) -> None:
    """Puts the table between its marks on the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text("\n".join([before + BEGIN, "", *lines, "", END + after]), encoding="utf-8")


def main() -> int:
    bench = read("bench.json")
    if bench is None:
        print(f"there is no {FOLDER / 'bench.json'}: run make performance", file=sys.stderr)
        return 1
    write_figures(table(bench, read("decoder.json")))
    if latency := bench.get("latency"):
        by_candidates, by_size = latency["by_candidates"], latency["by_size"]
        if by_candidates:
            title = f"One search over {by_candidates[0]['images']:,} images"
            plot(FOLDER / "candidates.svg", by_candidates, "candidates", title, "candidates that are decoded")
        if len(by_size) > 1:
            title = f"One search with {by_size[0]['candidates']} candidates"
            plot(FOLDER / "size.svg", by_size, "images", title, "images in the index")
    return 0


if __name__ == "__main__":
    sys.exit(main())
