"""What a study consists of, and what is taken where the config does not say."""
