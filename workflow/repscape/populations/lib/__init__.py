"""What the plugins of this folder share."""
