"""The seven labels, in the order of the logits, with their valence and arousal."""

LABELS = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]

# Valence (pleasure) and arousal, -1 to 1: the means of the terms angry, disgusted, fearful, happy,
# sad and surprised in Russell & Mehrabian, "Evidence for a three-factor theory of emotions",
# Journal of Research in Personality 11 (1977); neutral is their origin.
AFFECT = {
    "anger": (-0.51, 0.59),
    "disgust": (-0.60, 0.35),
    "fear": (-0.64, 0.60),
    "happiness": (0.81, 0.51),
    "neutral": (0.0, 0.0),
    "sadness": (-0.63, -0.27),
    "surprise": (0.40, 0.67),
}
