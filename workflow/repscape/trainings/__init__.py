"""How a network learned: one module a way; each module's `train` changes a network in place."""
