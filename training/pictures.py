"""Reliability diagrams as SVG: what a bundle says against what is so, for labels and for free text."""

from pathlib import Path

SIDE, LEFT, TOP, GAP = 260, 48, 40, 90  # pixels
TITLES = {
    "labels": "Labels",
    "text": "Captions, own image right",
    "text_said": "Captions, every image right that fits by its words",
}


def place(at: int, said: float, found: float) -> tuple:
    """Pixels of a point of the diagram that is the `at`-th from the left."""
    return LEFT + at * (SIDE + GAP) + said * SIDE, TOP + (1 - found) * SIDE


def axes(at: int, title: str, ece: float) -> list:
    left, bottom = place(at, 0, 0)
    right, top = place(at, 1, 1)
    lines = [
        f'<rect x="{left}" y="{top}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#8a8f98"/>',
        f'<line x1="{left}" y1="{bottom}" x2="{right}" y2="{top}" stroke="#8a8f98" stroke-dasharray="4 4"/>',
        f'<text x="{left}" y="{top - 14}" font-weight="600">{title}: error {ece:.3f}</text>',
        f'<text x="{(left + right) / 2}" y="{bottom + 34}" text-anchor="middle">probability that was given</text>',
        f'<text transform="translate({left - 34} {(top + bottom) / 2}) rotate(-90)" text-anchor="middle">share that is so</text>',
    ]
    for tick in (0, 0.5, 1):
        x, y = place(at, tick, tick)
        lines.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>')
        lines.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{tick:g}</text>')
    return lines


def diagram(at: int, title: str, calibration: dict) -> list:
    """One diagram: the points of equal mass, and the line through them."""
    points = [place(at, said, found) for said, found, _ in calibration["diagram"]]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#2f6feb"/>' for x, y in points]
    line = f'<polyline points="{path}" fill="none" stroke="#2f6feb" stroke-width="1.5"/>'
    return [*axes(at, title, calibration["ece"]), line, *dots]


def reliability(calibration: dict, target: Path) -> None:
    """Writes the diagrams of those kinds that were measured."""
    kinds = [k for k in TITLES if isinstance(calibration.get(k), dict)]
    body = [line for at, k in enumerate(kinds) for line in diagram(at, TITLES[k], calibration[k])]
    width, height = LEFT + len(kinds) * (SIDE + GAP) - GAP + 24, TOP + SIDE + 48
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    style = 'font-family="system-ui, sans-serif" font-size="12" fill="#24292f"'
    background = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    lines = [f"{head} {style}>", background, *body, "</svg>"]
    Path(target).write_text("\n".join(lines) + "\n", encoding="utf-8")
