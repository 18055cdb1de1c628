"""The placeholder a client shows while a picture loads: its colours in 36 characters.

Written here because the package that Python has for it calls functions that Pillow removes; the tests hold the two
against each other. Spec: https://github.com/woltapp/blurhash, "Algorithm.md".
"""

import math
from collections.abc import Sequence
from typing import Final

from PIL import Image

X_COMPONENTS: Final = 4
Y_COMPONENTS: Final = 4


def blurhash(image: Image.Image) -> str:
    """The hash of a picture in RGB or RGBA, computed on a miniature; transparent parts count as white."""
    miniature = image.resize(_MINIATURE, Image.Resampling.BOX, reducing_gap=2.0)
    if miniature.mode == "RGBA":
        miniature = Image.alpha_composite(Image.new("RGBA", _MINIATURE, "white"), miniature)
    return encode(miniature.convert("RGB"))


def encode(image: Image.Image) -> str:
    """The hash of an RGB picture with four by four components; slow for more than a miniature."""
    factors = _factors(image)
    strongest = max(abs(value) for factor in factors[1:] for value in factor)
    step = max(0, min(82, math.floor(strongest * 166 - 0.5)))
    scale = (step + 1) / 166
    size_flag = (X_COMPONENTS - 1) + (Y_COMPONENTS - 1) * 9
    parts = [_base83(size_flag, 1), _base83(step, 1), _base83(_average_colour(factors[0]), 4)]
    parts += [_base83(_detail(factor, scale), 2) for factor in factors[1:]]
    return "".join(parts)


_MINIATURE: Final = (32, 32)
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"

_Colour = tuple[float, float, float]


def _linear(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4  # noqa: PLR2004, the sRGB curve


_LINEAR: Final = tuple(_linear(value) for value in range(256))


def _factors(image: Image.Image) -> list[_Colour]:
    """The cosine transform of the linear colours, row of components by row, the average first."""
    width, height = image.size
    pixels = [_LINEAR[value] for value in image.tobytes()]
    channels = [[pixels[start::3][row * width : (row + 1) * width] for row in range(height)] for start in range(3)]
    across = _cosines(X_COMPONENTS, width)
    down = _cosines(Y_COMPONENTS, height)
    factors: list[_Colour] = []
    by_channel = [[[_dot(row, wave) for row in channel] for wave in across] for channel in channels]
    for y, wave_down in enumerate(down):
        for x in range(X_COMPONENTS):
            weight = (1 if x == y == 0 else 2) / (width * height)
            red, green, blue = (weight * _dot(sums[x], wave_down) for sums in by_channel)
            factors.append((red, green, blue))
    return factors


def _cosines(components: int, length: int) -> list[list[float]]:
    return [[math.cos(math.pi * component * at / length) for at in range(length)] for component in range(components)]


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(left, right, strict=True))


def _average_colour(factor: _Colour) -> int:
    red, green, blue = (_srgb(value) for value in factor)
    return (red << 16) + (green << 8) + blue


def _srgb(value: float) -> int:
    share = max(0.0, min(1.0, value))
    curved = share * 12.92 if share <= 0.0031308 else 1.055 * share ** (1 / 2.4) - 0.055  # noqa: PLR2004, likewise
    return math.floor(curved * 255 + 0.5)


def _detail(factor: _Colour, scale: float) -> int:
    red, green, blue = (_step_of_nineteen(value / scale) for value in factor)
    return red * 19 * 19 + green * 19 + blue


def _step_of_nineteen(share: float) -> int:
    root = math.copysign(math.sqrt(abs(share)), share)
    return max(0, min(18, math.floor(root * 9 + 9.5)))


def _base83(value: int, length: int) -> str:
    return "".join(_DIGITS[value // 83**place % 83] for place in reversed(range(length)))
