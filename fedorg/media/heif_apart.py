"""The whole of the process that ``fedorg.media.heif`` starts: a picture of a telephone becomes plain pixels."""

import io
import sys

import msgspec
import pillow_heif
from PIL import Image

from fedorg.media.confining import confine
from fedorg.media.decoding import to_srgb
from fedorg.media.heif import Pixels, TooLargePicture


def main(pixels_max: int, memory_bytes_max: int, processor_seconds_max: int) -> int:
    """Read the picture of standard input, write an ``Answer`` and its pixels; the exit status tells all that fails."""
    confine(
        memory_bytes_max=memory_bytes_max,
        processor_seconds_max=processor_seconds_max,
        written_bytes_max=4 * pixels_max + 1024,
    )
    # One thread, and nothing but the picture that is meant to be seen first.
    pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
    try:
        with Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=["HEIF"]) as image:
            width, height = image.size
            if width * height > pixels_max:
                sys.stdout.buffer.write(msgspec.json.encode(TooLargePicture(width, height)))
                return 0
            picture = to_srgb(image)
        answer = Pixels("RGBA" if picture.mode == "RGBA" else "RGB", picture.width, picture.height)
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.write(picture.tobytes())
        sys.stdout.buffer.flush()
    except Exception:  # noqa: BLE001 - whatever a decoder raises means: not a picture that can be shown
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:])))
