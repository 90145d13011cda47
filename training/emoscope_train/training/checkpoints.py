"""The weights that a run keeps, and networks loaded from them."""

from pathlib import Path
from typing import Any

import torch

from ..files import replacing
from ..model.network import Network, load_pretrained
from ..runs import Run


def save(path: Path, state: dict[str, Any]) -> None:
    """Whole or not at all."""
    with replacing(path) as part:
        torch.save(state, part)


def load_body(run: Run, weights: Path | None = None) -> Network:
    """The network of the best epoch, or of other weights, without a voice head, at rest."""
    facts = run.read(run.facts)
    backbone = facts.get("recipe", {}).get("backbone", "mn04")
    network = Network(tuple(facts["taps"]), backbone=backbone)
    network.load_state_dict(torch.load(weights or run.best, weights_only=False)["network"])
    return network.eval()


def begin(network: Network, start: Path | Run | None) -> str | None:
    """Loads the published weights or those of a finished run; the published ones' SHA-256."""
    if isinstance(start, Run):
        network.load_state_dict(load_body(start).state_dict())
        digest: str | None = start.read(start.facts)["pretrained_sha256"]
        return digest
    return load_pretrained(network, start)


def finished_body(run: Run) -> Network:
    """The body that a voice head stands on: after the distillation, if there was one."""
    return load_body(run, run.distilled if run.distilled.is_file() else None)


def load_best(run: Run) -> Network:
    """The network of the best epoch, with its voice head if it has one, at rest."""
    network = finished_body(run)
    if run.head.is_file():
        saved = torch.load(run.head, weights_only=False)
        network.with_voice(taps=saved["taps"]).load_state_dict(saved["head"])
        assert network.speech is not None
        network.speech.load_state_dict(saved["speech"])
    return network.eval()


def validated(run: Run) -> dict[str, float]:
    """What the voice head reached on the validation speakers."""
    found: dict[str, float] = torch.load(run.head, weights_only=False)["validation"]
    return found
