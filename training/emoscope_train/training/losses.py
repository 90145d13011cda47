"""Losses of the labels."""

import torch
from torch import Tensor


def masked_loss(
    logits: Tensor, targets: Tensor, masks: Tensor, smoothing: float, absent: float
) -> Tensor:
    """Cross-entropy per clip among the labels that its corpus has; all arguments [batch, labels].

    Without a penalty, the logit of a label that is absent from a corpus grows there without bound.
    So a share `absent` of the loss is among all labels.
    """
    if absent > 0.0:
        everything = torch.ones_like(masks)
        among_all = masked_loss(logits, targets, everything, smoothing, 0.0)
        own = masked_loss(logits, targets, masks, smoothing, 0.0)
        return (1.0 - absent) * own + absent * among_all
    log_probabilities = torch.log_softmax(logits.masked_fill(~masks, -1e4), dim=1)
    hit = -(log_probabilities * targets).sum(1)
    spread = -(log_probabilities * masks).sum(1) / masks.sum(1)
    return (1.0 - smoothing) * hit + smoothing * spread
