"""RDMs: how far apart the answers are; as tables, and compared with one another."""
