"""What the plan asks before any job runs: memory, disk, devices."""
