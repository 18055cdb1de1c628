"""The node: one running fedorg of one department or one partner."""

from typing import Final

__version__: Final = "0.1.0"
