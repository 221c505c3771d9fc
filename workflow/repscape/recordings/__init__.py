"""What was recorded outside the workflow: neurons, voxels, judgements."""
