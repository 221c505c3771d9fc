"""What everything else stands on: errors, labels, seeds, logs, the process of a job."""
