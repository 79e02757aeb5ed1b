"""Writes the image files of this folder: python make_images.py (Pillow 11.3.0).

Each shows four coloured quarters: red and lime above, blue and white below, 48 x 32 pixels as people see it. Files
named exif_N are stored turned, with the EXIF orientation that turns them back. Those named colours_webp and
colours_alpha_webp hold what Pillow makes of the WebP files of their names.
"""

from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).parent
WIDTH, HEIGHT = 48, 32
QUARTERS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
# How an upright image is stored so that the orientation turns it back.
STORED = {
    1: [],
    2: [Image.FLIP_LEFT_RIGHT],
    3: [Image.ROTATE_180],
    4: [Image.FLIP_TOP_BOTTOM],
    5: [Image.TRANSPOSE],
    6: [Image.ROTATE_90],
    7: [Image.TRANSVERSE],
    8: [Image.ROTATE_270],
}


def quarters() -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT))
    for i, colour in enumerate(QUARTERS):
        image.paste(
            colour, (i % 2 * WIDTH // 2, i // 2 * HEIGHT // 2, (i % 2 + 1) * WIDTH // 2, (i // 2 + 1) * HEIGHT // 2)
        )
    return image


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F], tags[0x0110] = "Acme", "Acme X100"
    tags.get_ifd(0x8769).update({0x9003: "2024:05:01 12:00:00", 0x9011: "+02:00"})
    return tags


def main() -> None:
    upright = quarters()
    half = upright.convert("RGBA")
    half.putalpha(Image.new("L", upright.size, 255))
    half.paste((0, 0, 0, 0), (WIDTH // 2, HEIGHT // 2, WIDTH, HEIGHT))  # the white quarter is transparent

    def save(name: str, image: Image.Image, **options) -> None:
        image.save(FOLDER / name, **options)

    save("progressive.jpg", upright, quality=95, progressive=True, subsampling=0)
    save("restart.jpg", upright, quality=95, restart_marker_blocks=2)
    save("grey.jpg", upright.convert("L"), quality=95)
    save("cmyk.jpg", upright.convert("CMYK"), quality=95)
    save("palette.png", upright.convert("P", palette=Image.ADAPTIVE))
    save("alpha.png", half)
    save("interlaced.gif", upright, interlace=True)
    second = Image.new("RGB", (WIDTH, HEIGHT), "black")
    save("animation.gif", upright, save_all=True, append_images=[second])
    save("lossy.webp", upright, quality=95)
    save("lossless.webp", upright, lossless=True)
    save("alpha.webp", half, quality=95)
    save("animation.webp", upright, save_all=True, append_images=[second], quality=95)
    save("animation_alpha.webp", half, save_all=True, append_images=[second.convert("RGBA")], quality=95)
    save("plain.bmp", upright)
    save("palette.bmp", upright.convert("P", palette=Image.ADAPTIVE))
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        save(f"{compression}.tiff", upright, compression=compression)
    save("alpha.tiff", half)
    save("group4.tiff", upright.convert("1"), compression="group4")
    save("jpeg.tiff", upright, compression="jpeg")
    y, x = np.mgrid[:21, :33]
    colours = np.stack([x * 7 % 256, (x // 5 * 60 + y * 12) % 256, (y // 4 * 50) % 256, 255 - y * 3], -1).astype(
        np.uint8
    )
    for name, mode in (("colours", "RGB"), ("colours_alpha", "RGBA")):
        save(f"{name}.webp", Image.fromarray(colours, "RGBA").convert(mode), quality=80)
        save(f"{name}_webp.png", Image.open(FOLDER / f"{name}.webp").convert("RGBA"))
    for orientation, turns in STORED.items():
        stored = upright
        for turn in turns:
            stored = stored.transpose(turn)
        save(f"exif_{orientation}.jpg", stored, quality=95, subsampling=0, exif=exif(orientation))
        if orientation == 6:
            save("exif_6.png", stored, exif=exif(6))
            save("exif_6.webp", stored, quality=95, exif=exif(6))
            save("exif_6.tiff", stored, exif=exif(6))


if __name__ == "__main__":
    main()
