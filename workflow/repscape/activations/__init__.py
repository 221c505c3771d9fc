"""What the units answered."""

WAITING = 2**29  # bytes that came out of a GPU and may wait on the host to be written (see traffic)
