"""Pictures as telephones take them, and what pretends to be one."""

import io

import pillow_heif
from PIL import ExifTags, Image

SECRET = "SECRETCAMERA"


def heic(picture: Image.Image, orientation: int = 1) -> bytes:
    """A picture in HEIC, with the place where it was taken and the camera ``SECRET``."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = SECRET
    exif[ExifTags.Base.Orientation] = orientation
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (52.0, 31.0, 12.0)})
    kept = io.BytesIO()
    pillow_heif.from_pillow(picture).save(kept, exif=exif.tobytes())
    return kept.getvalue()


def of_claimed_size(picture: bytes, width: int, height: int) -> bytes:
    """The same picture with other numbers in the boxes that tell how large it is."""
    claimed = bytearray(picture)
    at = claimed.find(b"ispe")
    while at >= 0:
        claimed[at + 8 : at + 16] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
        at = claimed.find(b"ispe", at + 16)
    return bytes(claimed)
