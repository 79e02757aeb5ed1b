"""Writes the tables of docs/scale.md: what an index of a given size needs, and what breaks first.

    python3 scripts/scale.py            writes them
    python3 scripts/scale.py --check    fails when they are not up to date (`make lint`)

Every constant is a measured figure with its source, or is said to be assumed. The rest is arithmetic: a resource's
limit is its capacity divided by what one query, or one image, takes of it; the smallest limit is what breaks first.
"""

import math
import sys
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "docs" / "scale.md"
BEGIN = "<!-- {name}: written by scripts/scale.py -->\n"
END = "<!-- end -->\n"

KB, GB, TB = 1e3, 1e9, 1e12


@dataclass(frozen=True)
class Figure:
    """One constant: its value, its unit, and where it is from."""

    name: str
    value: float
    unit: str
    source: str


def figure(name: str, value: float, unit: str, source: str) -> Figure:
    return Figure(name, value, unit, source)


# Per image.
LAYOUT = "measured on Qdrant 1.17.1: 100,000 images, 512 numbers, 50 tags"
PATCHES_DEFAULT = figure(
    "features, default model", 39.9 * KB, "bytes an image", "78 x 256 f16; `sightline bundle show`"
)
PATCHES_OFFICIAL = figure(
    "features, official RAM++, int8", 74.3 * KB, "bytes an image", "144 x 512 int8 with a scale a token"
)
SEARCH_DISK = figure("search collection, disk", 8.0 * KB, "bytes an image", f"{LAYOUT}; vector, tags, payload, indexes")
SEARCH_RAM = figure("search collection, memory", 3.9 * KB, "bytes an image", f"{LAYOUT}, after a restart")
INGEST_CPU = figure("store and index an image", 5.4, "ms CPU", f"{LAYOUT}, until the server has built all indexes")
EMBEDDED_DISK = figure("embedded index, without features", 3.0 * KB, "bytes an image", "measured, docs/store.md")
EMBEDDED_RAM = figure(
    "embedded index, memory", 0.7 * KB, "bytes an image", "limit held by `sightline bench --only retrieval`"
)

# Per query.
CANDIDATES = 200
FETCH_CPU_SERVER = figure(
    "fetch 100 images' features, server", 22.0, "ms CPU", "measured on Qdrant 1.17.1, 100 x 99 KB; falls with the bytes"
)
ANN_CPU = figure("nearest 100 of 100,000", 1.5, "ms CPU", "measured, recall .968 at ef 128")
DECODE_OFFICIAL = figure("decode 100 candidates, official, int8", 32.5, "ms CPU", "measured on one thread")
DECODE_DEFAULT = figure("decode 100 candidates, default", 5.0, "ms CPU", "measured on one thread")
HIT_RATE = figure("feature cache hit rate", 0.5, "share", "assumed; 0 in the worst case")

# Machines.
NODE_CORES = figure("node", 16, "cores", "assumed")
NODE_RAM = figure("node", 128 * GB, "bytes of memory", "assumed; 70 % of it used")
NODE_DISK = figure("node", 4 * TB, "bytes of NVMe", "assumed; 70 % of it used")
NODE_READS = figure("node", 100_000, "random reads/s of 128 KB at most", "assumed")
NODE_NET = figure("node", 1.25 * GB, "bytes/s (10 Gbit/s)", "assumed")
GPU_IMAGES = figure("official encoder, one V100, f32", 42.1, "images/s", "Swin paper, table 1: Swin-L at 384 pixels")
CPU_IMAGES = figure("default encoder, one core", 25.0, "images/s", "measured, 256 pixels")

FIGURES = [
    PATCHES_DEFAULT, PATCHES_OFFICIAL, SEARCH_DISK, SEARCH_RAM, INGEST_CPU, EMBEDDED_DISK, EMBEDDED_RAM,
    ANN_CPU, FETCH_CPU_SERVER, DECODE_DEFAULT, DECODE_OFFICIAL, HIT_RATE,
    NODE_CORES, NODE_RAM, NODE_DISK, NODE_READS, NODE_NET, CPU_IMAGES, GPU_IMAGES,
]  # fmt: skip

USED = 0.7  # share of a node's memory and disk that is planned with
REPLICAS = 2
SIZES = [100_000, 10_000_000, 1_000_000_000]


@dataclass(frozen=True)
class Model:
    name: str
    patches: float  # bytes an image
    decode: float  # ms CPU for 100 candidates
    rate: float  # images/s of one worker
    worker: str


MODELS = [
    Model("default", PATCHES_DEFAULT.value, DECODE_DEFAULT.value, CPU_IMAGES.value, "core"),
    Model("official RAM++", PATCHES_OFFICIAL.value, DECODE_OFFICIAL.value, GPU_IMAGES.value, "GPU"),
]


@dataclass(frozen=True)
class Plan:
    """What one index needs. Bytes are of all replicas together."""

    images: int
    model: Model
    replicas: int
    ram: float
    disk: float
    nodes: int
    shards: int


def plan(images: int, model: Model) -> Plan:
    replicas = 1 if images <= 100_000 else REPLICAS
    ram = images * SEARCH_RAM.value * replicas
    disk = images * (SEARCH_DISK.value + model.patches * 4 / 3) * replicas  # features travel and lie as base64
    nodes = max(math.ceil(ram / (USED * NODE_RAM.value)), math.ceil(disk / (USED * NODE_DISK.value)), 1)
    if replicas > 1:
        nodes = max(nodes, 3)  # a majority survives one
    return Plan(images, model, replicas, ram, disk, nodes, shards(nodes))


def shards(nodes: int) -> int:
    """Shards are fixed when a collection is made: enough that every node has one, and some over to grow by."""
    return 1 if nodes == 1 else max(12, 2 * nodes)


def limits(p: Plan, hit: float) -> dict[str, float]:
    """Queries a second that each resource of the store allows, all nodes together."""
    fetched = CANDIDATES * (1 - hit)
    bytes_fetched = fetched * p.model.patches * 4 / 3
    # The nearest of 100,000 cost ANN_CPU; the graph's depth grows with the logarithm, and every shard is asked.
    per_shard = p.images / p.shards
    ann = p.shards * ANN_CPU.value * max(1.0, math.log(per_shard) / math.log(100_000))
    fetch = FETCH_CPU_SERVER.value * fetched / 100 * (p.model.patches / PATCHES_OFFICIAL.value)
    nodes = p.nodes
    found = {
        "CPU of the store": nodes * NODE_CORES.value * 1000 / (ann + fetch),
    }
    if fetched:
        found["network"] = nodes * NODE_NET.value / bytes_fetched
        found["disk reads"] = nodes * NODE_READS.value / fetched
    return found


def server_limit(model: Model) -> float:
    """Queries a second that one core of a Sightline server decodes."""
    return 1000 / (model.decode * CANDIDATES / 100)


def size(n: float) -> str:
    for unit, factor in (("TB", TB), ("GB", GB), ("MB", 1e6)):
        if n >= factor:
            return f"{n / factor:.3g} {unit}"
    return f"{n / KB:.3g} KB"


def number(n: float) -> str:
    """Two significant digits, written out."""
    if n < 10:
        return f"{n:.1f}"
    digits = len(str(int(n)))
    return f"{round(n, 2 - digits):,.0f}"


def figures_table() -> str:
    rows = [
        f"| {f.name} | {size(f.value) if f.unit.startswith('bytes') else f'{f.value:,g}'} | {f.unit} | {f.source} |\n"
        for f in FIGURES
    ]
    return "| what | figure | unit | from |\n| --- | --- | --- | --- |\n" + "".join(rows)


def sizing_table() -> str:
    rows = [
        "| images | model | replicas | nodes | shards | memory | disk | a full reindex |\n",
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n",
    ]
    for images in SIZES:
        for model in MODELS:
            p = plan(images, model)
            hours = images / model.rate / 3600
            rows.append(
                f"| {images:,} | {model.name} | {p.replicas} | {p.nodes} | {p.shards} | {size(p.ram)} | {size(p.disk)} "
                f"| {number(hours)} {model.worker} hours |\n"
            )
    return "".join(rows)


def limits_table() -> str:
    rows = ["| images | model | hit rate | breaks first | at queries/s | then | at | server cores for that |\n"]
    rows.append("| --- | --- | --- | --- | --- | --- | --- | --- |\n")
    for images in SIZES:
        for model in MODELS:
            p = plan(images, model)
            for hit in (0.0, HIT_RATE.value):
                first, second = sorted(limits(p, hit).items(), key=lambda item: item[1])[:2]
                cores = math.ceil(first[1] / server_limit(model))
                rows.append(
                    f"| {images:,} | {model.name} | {hit:.0%} | {first[0]} | {number(first[1])} "
                    f"| {second[0]} | {number(second[1])} | {cores} |\n"
                )
    return "".join(rows)


TABLES = {"figures": figures_table, "sizing": sizing_table, "limits": limits_table}


def render(text: str) -> str:
    for name, table in TABLES.items():
        begin = BEGIN.format(name=name)
        if begin not in text:
            raise SystemExit(f"{FILE.name}: the marker line is missing: {begin}")
        before, rest = text.split(begin, 1)
        text = before + begin + "\n" + table() + "\n" + END + rest.split(END, 1)[1]
    return text


def main() -> int:
    before = FILE.read_text()
    after = render(before)
    if "--check" not in sys.argv:
        FILE.write_text(after)
    elif before != after:
        print(f"docs/{FILE.name} is not up to date: run python3 scripts/scale.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
