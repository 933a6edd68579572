"""Ids that carry their number: a UUID whose first twelve digits are a keyed permutation, the rest a proof."""

from hashlib import blake2b

_SPACE = 2**48
_MULTIPLIER = 0x5DEECE66D5A5
_INVERSE = pow(_MULTIPLIER, -1, _SPACE)


class Ids:
    """Ids of one kind of thing; another seed or kind gives other ids."""

    def __init__(self, seed: int, kind: str) -> None:
        self._key = f"{seed}/{kind}".encode()[:64]
        self._mask = int.from_bytes(blake2b(self._key, digest_size=6).digest(), "big")

    def of(self, number: int) -> str:
        """The id of a number, a UUID of version 4 by its looks."""
        head = (number * _MULTIPLIER % _SPACE) ^ self._mask
        tail = blake2b(number.to_bytes(8, "big"), key=self._key, digest_size=10).hexdigest()
        digits = f"{head:012x}"
        return f"{digits[:8]}-{digits[8:]}-4{tail[:3]}-{'89ab'[int(tail[3], 16) % 4]}{tail[4:7]}-{tail[7:19]}"

    def number(self, text: str) -> int | None:
        """The number of an id, None for an id of anything else."""
        try:
            head = int(text[:8] + text[9:13], 16)
        except ValueError:
            return None
        number = ((head ^ self._mask) * _INVERSE) % _SPACE
        return number if self.of(number) == text else None
