"""RDMs: how far apart the answers are; as tables, and compared with one another."""

# Labels of RDMs of the same: of other draws of units, of other presentations of the images
REPEATED = ("repeat", "presentation")
