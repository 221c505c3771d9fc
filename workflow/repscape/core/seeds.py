"""Seeds that depend on what is drawn, not on when or in which order."""

import hashlib


def derive(seed: int, *keys) -> int:
    """Derive a seed in [0, 2**63) from the study's seed and the keys of what is drawn."""
    text = "\0".join(str(key) for key in (seed, *keys))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
