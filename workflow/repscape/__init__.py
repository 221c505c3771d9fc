"""repscape: the representational landscape of neural networks, layer by layer.

The subpackages follow the way of the data: stimuli, networks, populations, activations,
samples, rdms, analyses, figures. Nothing is imported here, so that planning stays fast.
"""

__version__ = "0.1.0"
