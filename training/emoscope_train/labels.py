"""The seven labels, in the order of the logits."""

LABELS = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
