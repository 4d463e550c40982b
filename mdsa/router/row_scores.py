"""Scores of domains that share one row of numbers."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView

from mdsa.router.calibration import Floats

__all__ = ["RowScores"]


class RowScores(Mapping[str, float]):
    """Scores by name, read from a row; making a dictionary of a thousand takes longer than scoring.

    Args:
        places: index of each name, in the order of the row.
        row: the scores; (names,) or longer. Must not be changed.
    """

    __slots__ = ("_places", "_row")

    def __init__(self, places: dict[str, int], row: Floats) -> None:
        self._places = places
        self._row = row

    def __getitem__(self, name: str) -> float:
        return float(self._row[self._places[name]])

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._places.keys()

    def values(self) -> ValuesView[float]:
        """The scores."""
        return self._whole().values()

    def items(self) -> ItemsView[str, float]:
        """Names with their scores."""
        return self._whole().items()

    def _whole(self) -> dict[str, float]:
        return dict(zip(self._places, self._row.tolist(), strict=False))

    def __repr__(self) -> str:
        return repr(self._whole())
