"""How far apart two activity patterns are: one module a metric."""
