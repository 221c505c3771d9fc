"""How far apart the answers are: one module a metric or normalisation."""

# Labels of RDMs of the same: of other draws of units, of other presentations of the images
REPEATED = ("repeat", "presentation")
