"""Correlation distance: one minus Pearson's r over units."""

from repscape.metrics.lib.pattern_distances import CorrelationDistance


class Correlation(CorrelationDistance):
    """Correlation distance: one minus Pearson's r over units."""

    squared = True
    caption = "correlation distance (1 − r)"
    formula = "1 − Pearson's r over units"
    largest = 2.0
    synonyms = ("pearson", "pearsonr", "pearsoncorrelation", "corr", "r", "1r", "corrcoef")
