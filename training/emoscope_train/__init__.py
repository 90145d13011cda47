"""Trains, measures and exports the models of emoscope."""

import os

__version__ = "0.1.0"

# ONNX Runtime's published builds report to their maker unless this is set before they are imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
