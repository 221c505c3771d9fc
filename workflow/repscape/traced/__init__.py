"""Frozen networks: opened and run without the code that built them, by whichever step needs one."""

WAITING = 2**29  # bytes that came out of a GPU and may wait on the host to be written (see io_thread)
