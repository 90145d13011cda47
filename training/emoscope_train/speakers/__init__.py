"""Who speaks: the speaker network, its input, its error rates, and conversations to measure on."""
