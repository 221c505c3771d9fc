"""Root mean squared difference of normalised activity."""

from repscape.metrics.lib.pattern_distances import MeanSquare


class Rms(MeanSquare):
    """Root mean squared difference of normalised activity: the square root of `sqeuclidean`."""

    squared = False
    caption = "root mean squared difference"
    formula = "√(Σ_u (z_iu − z_ju)² / n), z normalised activity, n units: the root of sqeuclidean"
    synonyms = ("rmse", "rmsd", "rootmeansquare", "rootmeansquared")
