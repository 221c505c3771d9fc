"""The contract of plugins, and how they are found, checked and told apart."""
