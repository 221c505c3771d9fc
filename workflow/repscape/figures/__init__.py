"""What it looks like: one module a figure."""
