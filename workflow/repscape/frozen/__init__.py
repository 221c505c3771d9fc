"""Frozen networks: opened and run without the code that built them, by whichever step needs one."""
