"""Which clips there are, what they express, and which side of a split each is on."""
