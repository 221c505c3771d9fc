"""Tables of RDMs: read, written, and turned into other forms."""
