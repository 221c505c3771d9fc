"""What the units answered."""
