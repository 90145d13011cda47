"""Trains the last layer for the model that ships, and without each corpus for the figures.

A figure of a corpus is always that of the model without it. The published network is written too,
to be measured beside them.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import runs
from ..data import corpora
from ..data.corpora import Clip
from .conversations import TEST, TUNE
from .crops import SOUNDS, Statistics, chosen, collected, in_conversations, other_sounds
from .error_rates import MAIN, OTHERS, of_pairs
from .export import load_published, write_model
from .last_layer import Layer, Tuned, between, embeddings, fit, layer_of, mean_embedding, put
from .other_sounds import of_layer, unseen

# The corpora that give figures, or on whose conversations the tracker's constants are chosen.
LEFT_OUT = tuple(sorted({*TUNE, *TEST, *MAIN, *OTHERS}))


def trained(rows: Statistics, sounds: Statistics | None, known: list[Clip], start: Layer) -> Tuned:
    """The layer for the rows, with its learned constants and the facts of its corpora."""
    layer, used = between(start, fit(rows, start)), {*rows.clips}
    data = corpora.summary([clip for clip in known if clip.path in used])
    return Tuned(layer, learned(rows, sounds, layer), data)


def learned(rows: Statistics, sounds: Statistics | None, layer: Layer) -> dict[str, Any]:
    """The constants of the program that belong to a layer."""
    odds = of_layer(rows, sounds, layer)
    return {"mean": mean_embedding(rows, layer), **odds.tuning()}


def without_conversations(sounds: Statistics | None) -> Statistics | None:
    """The sounds without those of the people who are in conversations."""
    if sounds is None:
        return None
    kept = [not in_conversations(name.removeprefix(f"{SOUNDS}/")) for name in sounds.speakers]
    return sounds.rows(np.array(kept))


def write(tuned: Tuned, path: Path) -> None:
    """The published network with that last layer as a model file."""
    network = load_published()
    put(tuned.layer, network)
    write_model(network, path, tuned.tuning, tuned.training_data)


def single(rows: Statistics, layer: Layer) -> str:
    """Equal error rate of the clean crops, in percent."""
    clean = rows.rows(rows.clean)
    rate = of_pairs(embeddings(clean, layer), clean.speakers)
    return "-" if rate is None else f"{100.0 * rate:.1f} %"


def fine_tune(data: Path, work: Path) -> None:
    """Collects the statistics, trains every layer and writes the models into the work folder."""
    # Batches are small, and the results do not depend on the number of threads.
    torch.set_num_threads(1)
    known, network = corpora.read(data), load_published()
    published = layer_of(network)
    folder, others = runs.speaker_folder(work), other_sounds(known)
    rows = collected(network, chosen(known), known, data, folder / "statistics.npz").of_several()
    sounds = collected(network, others, known, data, folder / "sounds.npz") if others else None
    constants = learned(rows, sounds, published)
    write(Tuned(published, constants, []), runs.published_speaker_model(work))
    heard = without_conversations(sounds)
    for corpus in LEFT_OUT:
        if corpus not in np.unique(rows.corpora):
            continue
        tuned = trained(rows.without(corpus), heard, known, published)
        write(tuned, runs.speaker_model_without(work, corpus))
        out = rows.rows(rows.corpora == corpus)
        before, after = single(out, published), single(out, tuned.layer)
        print(f"without {corpus:12} its clean crops: {after}, published {before}", flush=True)
    tuned = trained(rows, sounds, known, published)
    if sounds is not None:
        tuned = replace(tuned, taken_for_speech=unseen(rows, sounds, tuned.layer))
        print("taken for speech:", tuned.taken_for_speech)
    tuned.save(runs.last_speaker_layer(work))
    print(f"wrote {runs.last_speaker_layer(work)}")
