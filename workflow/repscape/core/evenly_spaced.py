"""Which images of a sequence to take."""


def evenly_spaced(length: int, count: int) -> list[int]:
    """Choose `count` of `length` indices, evenly spaced, the first and the last included; all of fewer.

    The k-th is k (length − 1) / (count − 1), rounded down; of a single one, 0.
    """
    count = min(count, length)
    return [index * (length - 1) // max(count - 1, 1) for index in range(count)]
