"""Models for custom labels: a new head beside that of a released model."""
