"""Files: read, written, found and verified."""
