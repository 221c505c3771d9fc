"""Which of the recorded units we listen to."""
