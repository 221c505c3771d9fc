"""RDMs compared with one another: similarities, their noise ceiling, what of it is chance."""
