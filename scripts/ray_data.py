"""Utterances of recordings in a Ray Data pipeline.

    import ray
    from ray_data import utterances

    recordings = ray.data.read_parquet("recordings.parquet")  # with a column `path`
    table = recordings.map_batches(utterances, batch_format="pyarrow", batch_size=64)

Each worker needs the Python package `emoscope`. A task uses one core. Daft takes the same function
on the Arrow table of a partition.
"""

import warnings
from dataclasses import asdict

import emoscope
import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("file", pa.string()),
        ("utterance", pa.int64()),
        ("start_s", pa.float64()),
        ("end_s", pa.float64()),
        ("label", pa.string()),
        ("confidence", pa.float64()),
        ("probabilities", pa.map_(pa.string(), pa.float64())),
        ("reason", pa.string()),
        ("valence", pa.float64()),
        ("arousal", pa.float64()),
        ("baseline_s", pa.float64()),
        ("error", pa.string()),
    ]
)


def utterances(batch: pa.Table, column: str = "path") -> pa.Table:
    """A row per utterance of the recordings whose paths are in ``column``.

    A recording that cannot be read, or not to its end, has a row with its ``error``. Each recording
    has its own baseline, so that the result does not depend on how Ray cuts batches.

    Raises:
        emoscope.EmoscopeError: the program failed.
    """
    paths = batch[column].to_pylist()
    if not paths:
        return SCHEMA.empty_table()
    with warnings.catch_warnings():
        # The rows contain the errors.
        warnings.simplefilter("ignore", emoscope.EmoscopeWarning)
        found = emoscope.analyze(paths, baseline="none", jobs=1)
    rows = [asdict(utterance) for utterance in found]
    rows += [{"file": failure.file, "error": failure.message} for failure in found.failures]
    return pa.Table.from_pylist(rows, schema=SCHEMA)
