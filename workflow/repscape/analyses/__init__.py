"""What follows from the RDMs: one module an analysis."""
