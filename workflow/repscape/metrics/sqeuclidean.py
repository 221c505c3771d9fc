"""Mean squared difference of normalised activity: the default metric."""

from repscape.metrics.lib.pattern_distances import MeanSquare


class Sqeuclidean(MeanSquare):
    """Mean squared difference of normalised activity: the default metric."""

    squared = True
    caption = "squared Euclidean distance per unit"
    formula = "Σ_u (z_iu − z_ju)² / n, z normalised activity, n units"
    synonyms = ("squaredeuclidean", "euclideansquared", "sqeuclid", "mse", "meansquared", "meansquare")
