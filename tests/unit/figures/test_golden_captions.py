"""Twelve whole captions, as a reader sees them; other tests ask captions for names and numbers alone.

After a sentence was reworded on purpose: ``REPSCAPE_WRITE_CAPTIONS=1 pytest -n0 FILE`` writes them anew, and
the difference is read before it is committed.
"""

import os
import textwrap
from pathlib import Path

GOLDEN = Path(__file__).with_name("golden_captions.txt")
FIGURES = {
    "differentiation_by_depth": {"normalised": True},
    "sampling_error": {},
    "rdm_gallery": {},
    "pair_distances": {},
    "sd_cd_scatter": {},
    "sd_cd_r2_by_depth": {},
    "distances": {},
    "distance_r2_by_depth": {},
    "ranking_table": {},
    "unit_activity": {"show": "bars"},
    "predicted_labels": {},
    "layer_table": {},
}


def test_captions(results, draw):
    made = results(stimuli=("bikes", "pictures", "white_noise"), layers=("input", "block1", "predictions"))
    made.images = dict.fromkeys(made.stimuli, 6)
    made.differentiation(degenerate=[("white_noise", "predictions")]).population().rdms().stimulus_files()
    made.predictions().layer_tables().activations("random").analyse("sd_cd")
    made.samples = {"random": ("100000",)}
    made.rdms().analyse("distances", seed=0, permutations=19)
    made.analyse("image_bootstrap", seed=0, resamples=100).analyse("ranking")
    made.samples = {"random": ("200", "100000")}
    said = {name: draw(made, name, **parameters)[1] for name, parameters in FIGURES.items()}
    found = "\n".join(f"{name}\n{textwrap.indent(textwrap.fill(said[name], 100), '    ')}\n" for name in said)
    if os.environ.get("REPSCAPE_WRITE_CAPTIONS"):
        GOLDEN.write_text(found)
    assert found == GOLDEN.read_text()
