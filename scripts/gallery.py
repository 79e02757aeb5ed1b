"""Rebuild the sample gallery from the packages that its images come from.

gallery/gallery.json is the record of every image: what it shows, where it comes from, who made it, under which
licence, and what was changed. This script fetches those packages, takes the images out, scales them and writes
gallery/ again, README table included.

    python3 scripts/gallery.py
    python3 scripts/gallery.py --table-only          # only gallery/README.md, from gallery.json

It needs apt-get (Debian 12), pip, dpkg-deb and: pip install pillow==13.0.0 zstandard==0.25.0
"""

import argparse
import bz2
import io
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

GALLERY = pathlib.Path(__file__).resolve().parent.parent / "gallery"
PHOTO_SIDE = 768  # pixels, longer side; photographs
CUTOUT_SIDE = 384  # pixels, longer side; images with transparency
PHOTO_QUALITY = 72
MARK_TABLE = "<!-- images -->"


def unpack(source: str, folder: pathlib.Path) -> pathlib.Path:
    """Download one package, as "Debian NAME VERSION" or "PyPI NAME VERSION", and unpack it once under folder."""
    kind, name, version = source.split()
    target = folder / f"{kind}-{name}-{version.replace(':', '_')}"
    if target.is_dir():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "Debian":
        subprocess.run(["apt-get", "download", f"{name}={version}"], cwd=folder, check=True)
        package = next(folder.glob(f"{name}_*.deb"))
        subprocess.run(["dpkg-deb", "-x", package, target], check=True)
    else:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--no-deps",
                "--only-binary=:all:",
                "--python-version=3.11",
                "-d",
                folder,
                f"{name}=={version}",
            ],
            check=True,
        )
        package = next(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
        with zipfile.ZipFile(package) as wheel:
            wheel.extractall(target)
    return target


def qt_resource(container: bytes, wanted: str) -> bytes:
    """Take one file out of a compiled Qt resource file (.rcc): a tree of nodes, their names, their data."""
    import zstandard

    magic, version, tree, data, names = struct.unpack(">4s4I", container[:20])
    if magic != b"qres":
        raise ValueError("not a Qt resource file")
    node_size = 22 if version >= 2 else 14

    def name_at(offset: int) -> str:
        length = struct.unpack(">H", container[names + offset : names + offset + 2])[0]
        start = names + offset + 6
        return container[start : start + 2 * length].decode("utf-16-be")

    node = tree
    for part in wanted.split("/"):
        count, first = struct.unpack(">2I", container[node + 6 : node + 14])
        children = (tree + index * node_size for index in range(first, first + count))
        node = next(
            child for child in children if name_at(struct.unpack(">I", container[child : child + 4])[0]) == part
        )
    flags, start = struct.unpack(">H4xI", container[node + 4 : node + 14])
    start += data
    size = struct.unpack(">I", container[start : start + 4])[0]
    content = container[start + 4 : start + 4 + size]
    if flags & 1:
        return zlib.decompress(content[4:])
    if flags & 4:
        return zstandard.ZstdDecompressor().decompress(content, max_output_size=1 << 28)
    return content


def open_original(path: str, package: pathlib.Path):
    """Open the image at path inside an unpacked package; "A.rcc!B" means file B inside the Qt resource file A."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    outer, _, inner = path.partition("!")
    content = (package / outer).read_bytes()
    if inner:
        content = qt_resource(content, inner)
    if outer.endswith("face.dat"):  # scipy stores its photograph as compressed bare RGB
        return Image.frombytes("RGB", (1024, 768), bz2.decompress(content))
    return Image.open(io.BytesIO(content))


def to_srgb(image):
    """Convert an image with an embedded colour profile to plain sRGB."""
    from PIL import Image, ImageCms

    profile = image.info.get("icc_profile")
    if image.mode in ("P", "LA"):
        image = image.convert("RGBA")
    if profile and image.mode == "RGB":
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))
    if image.mode not in ("RGB", "RGBA", "L"):
        return image.convert("RGB")
    return Image.frombytes(image.mode, image.size, image.tobytes())  # leaves all metadata behind


def write_image(entry: dict, image) -> None:
    """Scale one image and write it in the format that its file name asks for."""
    from PIL import Image

    target = GALLERY / entry["file"]
    target.parent.mkdir(parents=True, exist_ok=True)
    image = to_srgb(image)
    side = CUTOUT_SIDE if image.mode == "RGBA" else PHOTO_SIDE
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    options = {}
    if target.suffix == ".jpg":
        image, options = image.convert("RGB"), {"quality": PHOTO_QUALITY, "optimize": True, "progressive": True}
        if "exif" in entry:
            image, options["exif"] = with_camera_data(image, entry["exif"])
    elif target.suffix == ".webp":
        image, options = image.convert("RGB"), {"quality": PHOTO_QUALITY, "method": 6}
    elif target.suffix == ".gif":
        image = image.convert("RGB").quantize(256)
    elif target.suffix == ".png":
        options = {"optimize": True}
    elif target.suffix == ".tiff":
        options = {"compression": "tiff_lzw"}
    image.save(target, **options)


def with_camera_data(image, values: dict):
    """Give a sample photograph the EXIF data of a camera, and turn its pixels as the orientation says."""
    from PIL import ExifTags, Image

    exif = Image.Exif()
    exif[ExifTags.Base.Make] = values["make"]
    exif[ExifTags.Base.Model] = values["model"]
    exif[ExifTags.Base.Orientation] = values["orientation"]
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = values["taken"]
    if values["orientation"] == 6:  # a viewer turns it by 90 degrees clockwise, so the pixels lie the other way
        image = image.transpose(Image.Transpose.ROTATE_90)
    return image, exif.tobytes()


def table(entries: list) -> str:
    """The README's table: one line per image."""
    lines = [
        "| file | shows | source | author | licence | changes | training row |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for entry in entries:
        source = f"{entry['source']}: `{entry['path'].rsplit('!', 1)[-1]}`"
        if entry.get("page"):
            source += f" ([page]({entry['page']}))"
        lines.append(
            f"| [{entry['file']}]({entry['file']}) | {entry['description']} | {source} | {entry['author']} "
            f"| {entry['licence']} | {entry['changes']} | {'yes' if entry['training_row'] else 'no'} |"
        )
    return "\n".join(lines) + "\n"


def write_table(entries: list) -> None:
    """Replace everything below the mark in gallery/README.md by the table."""
    readme = GALLERY / "README.md"
    head, _, _ = readme.read_text(encoding="utf-8").partition(MARK_TABLE)
    readme.write_text(head + MARK_TABLE + "\n\n" + table(entries), encoding="utf-8")


def main() -> None:
    """Read the record, write images and table."""
    parser = argparse.ArgumentParser(description="Rebuild the sample gallery from its packages.")
    parser.add_argument(
        "--packages",
        type=pathlib.Path,
        default=pathlib.Path(tempfile.gettempdir()) / "sightline-gallery-packages",
        help="folder for the downloaded packages (about 700 MB)",
    )
    parser.add_argument("--table-only", action="store_true", help="write only the table in gallery/README.md")
    options = parser.parse_args()
    entries = json.loads((GALLERY / "gallery.json").read_text(encoding="utf-8"))
    for entry in [] if options.table_only else entries:
        package = unpack(entry["source"], options.packages.resolve())
        write_image(entry, open_original(entry["path"], package))
    write_table(entries)


if __name__ == "__main__":
    main()
