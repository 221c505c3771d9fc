"""What was shown: one module a source of stimuli; each module's `frames` yields the images."""
