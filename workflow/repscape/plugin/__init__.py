"""The contract of plugins, and how they are found and checked."""
