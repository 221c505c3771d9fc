"""How far apart the answers are: one module a metric or normalisation."""
