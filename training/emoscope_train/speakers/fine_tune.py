"""Trains the last layer for the model that ships, and without each corpus for the figures.

A figure of a corpus is always that of the model without it. The published network is written too,
to be measured beside them.
"""

from pathlib import Path

import numpy as np
import torch

from .. import runs
from ..data import corpora
from ..data.corpora import Clip
from .conversations import TEST, TUNE
from .crops import Statistics, collected
from .error_rates import MAIN, OTHERS, of_pairs
from .export import load_published, write_model
from .last_layer import Layer, Tuned, between, embeddings, fit, layer_of, mean_embedding, put

# The corpora that give figures, or on whose conversations the tracker's constants are chosen.
LEFT_OUT = tuple(sorted({*TUNE, *TEST, *MAIN, *OTHERS}))


def trained(rows: Statistics, known: list[Clip], start: Layer) -> Tuned:
    """The layer for the rows, with its mean embedding and the facts of its corpora."""
    layer, used = between(start, fit(rows, start)), {*rows.clips}
    data = corpora.summary([clip for clip in known if clip.path in used])
    return Tuned(layer, mean_embedding(rows, layer), data)


def write(tuned: Tuned, path: Path) -> None:
    """The published network with that last layer as a model file."""
    network = load_published()
    put(tuned.layer, network)
    write_model(network, path, tuned.mean, tuned.training_data)


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
    rows = collected(network, known, data, runs.speaker_folder(work) / "statistics.npz")
    mean = mean_embedding(rows, published)
    write(Tuned(published, mean, []), runs.published_speaker_model(work))
    for corpus in LEFT_OUT:
        if corpus not in np.unique(rows.corpora):
            continue
        tuned = trained(rows.without(corpus), known, published)
        write(tuned, runs.speaker_model_without(work, corpus))
        out = rows.rows(rows.corpora == corpus)
        before, after = single(out, published), single(out, tuned.layer)
        print(f"without {corpus:12} its clean crops: {after}, published {before}", flush=True)
    trained(rows, known, published).save(runs.last_speaker_layer(work))
    print(f"wrote {runs.last_speaker_layer(work)}")
