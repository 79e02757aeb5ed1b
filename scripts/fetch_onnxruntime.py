"""Fetches the pinned ONNX Runtime (scripts/onnxruntime.txt) into lib/, or its GPU build (onnxruntime-cuda.txt) into lib/cuda/.

The wheel comes through pip, which verifies its SHA-256; the shared library and its licences are taken out of it. Needs
Python 3 with venv and no rights. A second call does nothing.

    python3 scripts/fetch_onnxruntime.py [--cuda]
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CUDA = sys.argv[1:] == ["--cuda"]  # an explicit wish: it is some hundred MB
NAME = "make lib-cuda" if CUDA else "make lib"
PINS = ROOT / "scripts" / ("onnxruntime-cuda.txt" if CUDA else "onnxruntime.txt")
LIB = ROOT / "lib" / "cuda" if CUDA else ROOT / "lib"
MACHINES = ["x86_64"] if CUDA else ["x86_64", "aarch64"]
STAMP = LIB / ".fetched"  # holds the pins of what lies in LIB
PROVIDERS = r"|capi/libonnxruntime_providers_(cuda|shared)\.so" if CUDA else ""
TAKEN = re.compile(rf"onnxruntime/(capi/libonnxruntime\.so\.[0-9.]+|LICENSE|ThirdPartyNotices\.txt{PROVIDERS})")
# The wheels are built for one Python each, but the library inside is the same: one pair of hashes is enough.
WHEEL = ["--python-version", "3.12", "--implementation", "cp", "--abi", "cp312"]


def main() -> int:
    pins = f"{platform.machine()}\n{PINS.read_text()}"
    if STAMP.exists() and STAMP.read_text() == pins and any(LIB.glob("libonnxruntime.so.*")):
        return 0
    if platform.system() != "Linux" or platform.machine() not in MACHINES:
        print(
            f"{NAME}: no pinned ONNX Runtime for {platform.system()} {platform.machine()}; install version 1.24 or\n"
            "newer yourself and name its shared library in SIGHTLINE_ORT_LIBRARY",
            file=sys.stderr,
        )
        return 1
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".lib-") as scratch:
        try:
            wheel = download(Path(scratch))
        except subprocess.CalledProcessError as failed:
            print(f"{NAME}: ONNX Runtime was not fetched: pip ended with {failed.returncode}", file=sys.stderr)
            print(
                f"{NAME}: it needs Python's venv (Debian: python3-venv) and the Python package index", file=sys.stderr
            )
            return 1
        unpack(wheel, Path(scratch) / "lib")
        install(Path(scratch) / "lib", pins)
    return 0


def download(scratch: Path) -> Path:
    """The wheel, its hash verified."""
    venv.create(scratch / "venv", with_pip=True)
    command = [scratch / "venv/bin/python", "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    command += [
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        "--requirement",
        PINS,
        "--dest",
        scratch / "wheel",
    ]
    command += ["--platform", f"manylinux_2_28_{platform.machine()}", *WHEEL]
    subprocess.run(command, check=True)
    (wheel,) = (scratch / "wheel").glob("*.whl")
    return wheel


def unpack(wheel: Path, target: Path) -> None:
    target.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if TAKEN.fullmatch(name):
                with archive.open(name) as source, open(target / Path(name).name, "wb") as copy:
                    shutil.copyfileobj(source, copy)
    (library,) = target.glob("libonnxruntime.so.*")
    library.chmod(0o755)
    (target / "libonnxruntime.so").symlink_to(library.name)


def install(fresh: Path, pins: str) -> None:
    """Each file is moved in at once, the stamp last: an interrupted call is seen by the next one."""
    LIB.mkdir(parents=True, exist_ok=True)
    STAMP.unlink(missing_ok=True)
    for file in sorted(fresh.iterdir()):
        os.replace(file, LIB / file.name)
    STAMP.write_text(pins)
    print(f"{NAME}: {', '.join(sorted(p.name for p in LIB.glob('lib*')))} in {LIB}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
