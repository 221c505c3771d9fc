"""The contract: all that a plugin of each step may define.

One file is one plugin. It holds one class, derived from the class of its step below; the file's name is the
plugin's name in the config (``kind: NAME``). Its parameters are its keys there, each declared once:

    class Subset(Seeded, Analysis):
        \"\"\"A few entries of each RDM, chosen by their dissimilarities.\"\"\"

        k: int = parameter("How many entries to choose.", ge=2)
        goal: Literal["largest", "uniform"] = parameter("What their dissimilarities are to be.", "largest")

        def inputs(self, study): ...
        def compute(self, files): ...

A plugin defines what its base classes have, and no other public name: a misspelt one is refused with the
nearest. Helpers are functions beside the class, or begin with ``_``. Nothing heavy is imported here.

The class of each step is in the file of the step's name; `Seeded` and `OnDevice`, which several steps use,
are in shared.py. What plugins of all steps have (`check`, `libraries`, …) is in ``plugin/base.py``.
"""

from repscape.plugin.base import KIND, Parameter, Plugin, parameter
from repscape.plugin.contract.analyses import Analysis
from repscape.plugin.contract.figures import Figure
from repscape.plugin.contract.metrics import Metric
from repscape.plugin.contract.networks import Network
from repscape.plugin.contract.populations import Population
from repscape.plugin.contract.recordings import RdmRecording, Recording, ResponseRecording
from repscape.plugin.contract.shared import OnDevice, Seeded, is_filled
from repscape.plugin.contract.stimuli import Stimulus
from repscape.plugin.contract.trainings import Training

__all__ = [
    "KIND", "STEPS", "Analysis", "Figure", "Metric", "Network", "OnDevice", "Parameter", "Plugin",
    "Population", "RdmRecording", "Recording", "ResponseRecording", "Seeded", "Stimulus",
    "Training", "is_filled", "parameter"
]  # fmt: skip

STEPS: dict[str, type[Plugin]] = {
    "stimuli": Stimulus,
    "networks": Network,
    "trainings": Training,
    "recordings": Recording,
    "populations": Population,
    "metrics": Metric,
    "analyses": Analysis,
    "figures": Figure,
}
