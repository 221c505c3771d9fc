"""Which units of each layer are recorded: one module a way to select them."""
