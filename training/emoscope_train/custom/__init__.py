"""Models of your own labels: a new head beside that of a shipped model."""
