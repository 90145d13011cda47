"""A model out of recordings and labels of one's own: the shipped body, a head of one's own."""
