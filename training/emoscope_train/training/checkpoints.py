"""Saves the weights of a run, and loads networks from them."""

from pathlib import Path
from typing import Any

import torch

from ..files import replacing
from ..model.network import Network, load_pretrained
from ..runs import Run


def save(path: Path, state: dict[str, Any]) -> None:
    """A PyTorch file, written atomically."""
    with replacing(path) as part:
        torch.save(state, part)


def load_backbone(run: Run, weights: Path | None = None) -> Network:
    """The network of the best epoch, or of other weights, without a voice head, in eval mode."""
    facts = run.read(run.facts)
    backbone = facts.get("recipe", {}).get("backbone", "mn04")
    network = Network(tuple(facts["taps"]), backbone=backbone)
    network.load_state_dict(torch.load(weights or run.best, weights_only=False)["network"])
    return network.eval()


def begin(network: Network, start: Path | Run | None) -> str | None:
    """Loads published weights or those of a finished run; returns the SHA-256 of the former."""
    if isinstance(start, Run):
        network.load_state_dict(load_backbone(start).state_dict())
        digest: str | None = start.read(start.facts)["pretrained_sha256"]
        return digest
    return load_pretrained(network, start)


def average(run: Run, members: list[Path]) -> None:
    """Writes the mean of backbones to `run`.

    They start from the same weights, so their mean is a network too (Wortsman et al., "Model
    soups", 2022). It costs nothing at run time.
    """
    states = [torch.load(member)["network"] for member in members]
    mean = {
        name: torch.stack([state[name] for state in states]).mean(0)
        # Counters, such as those of batch norm.
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }
    save(run.average, {"network": mean, "members": [member.parent.name for member in members]})


def load_finished(run: Run) -> Network:
    """The network whose backbone is finished, without a voice head, in eval mode."""
    return load_backbone(run, run.finished_backbone)


def load_best(run: Run) -> Network:
    """The finished network with its voice head if it has one, in eval mode."""
    network = load_finished(run)
    if run.head.is_file():
        saved = torch.load(run.head, weights_only=False)
        head, weights = network.with_voice(taps=saved["taps"]), saved["head"]
        if "effects" in weights:
            head.add_label_mix(weights["effects"], weights["usual"])
        head.load_state_dict(weights)
        assert network.speech is not None
        network.speech.load_state_dict(saved["speech"])
    return network.eval()


def validated(run: Run) -> dict[str, float]:
    """UAR of the voice head on the validation speakers."""
    validation: dict[str, float] = torch.load(run.head, weights_only=False)["validation"]
    return validation
