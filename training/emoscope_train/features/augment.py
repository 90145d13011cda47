"""Augmentation of crops, in the feature domain (dB, [frames, 80]).

There is no gain, because the network normalises the level.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .frontend import N_MELS

Decibels = NDArray[np.float32]
Rng = np.random.Generator
PER_DB = np.float32(np.log(10.0) / 10.0)


@dataclass(frozen=True)
class Augmentation:
    """A config's [augment] table: probabilities, ranges, and mixup's beta parameter (0: off)."""

    noise: float = 0.5
    snr_low_db: float = 0.0
    snr_high_db: float = 30.0
    room: float = 0.35
    mixup: float = 0.3
    silence: float = 0.3
    warp: float = 0.08
    stretch: float = 0.10
    tilt_db: float = 6.0
    equaliser_db: float = 4.0
    frequency_masks: int = 2
    frequency_width: int = 8
    time_masks: int = 2
    time_width: int = 24


def to_power(decibels: Decibels) -> NDArray[np.float32]:
    """Decibels to power."""
    return np.exp(decibels * PER_DB)


def to_decibels(power: NDArray[np.float32]) -> Decibels:
    """Power to decibels, with a floor."""
    return np.asarray(np.log(np.maximum(power, np.float32(1e-12))) / PER_DB, dtype=np.float32)


def levelled(decibels: Decibels) -> Decibels:
    """Normalises the mean power of the crop to 0 dB."""
    return decibels - to_decibels(to_power(decibels).mean())


def crop(decibels: Decibels, frames: int, rng: Rng) -> Decibels:
    """A random run of `frames` frames, or all if there are fewer."""
    start = rng.integers(max(1, len(decibels) - frames + 1))
    return decibels[start : start + frames]


def warped(decibels: Decibels, frequency: float, time: float, frames: int) -> Decibels:
    """Stretches frequency (vocal tract length) and time (speaking rate) to `frames`."""
    bands = np.clip(np.arange(N_MELS) * frequency, 0.0, N_MELS - 1.0)
    low = bands.astype(np.int64)
    share = (bands - low).astype(np.float32)
    high = np.minimum(low + 1, N_MELS - 1)
    places = np.clip(np.arange(frames) * time, 0.0, len(decibels) - 1.0)
    before = places.astype(np.int64)
    after = np.minimum(before + 1, len(decibels) - 1)
    step = (places - before).astype(np.float32)[:, None]
    slowed = decibels[before] * (1.0 - step) + decibels[after] * step
    return np.asarray(slowed[:, low] * (1.0 - share) + slowed[:, high] * share)


def coloured(decibels: Decibels, settings: Augmentation, rng: Rng) -> Decibels:
    """Simulates another microphone: a spectral tilt and a smooth random equaliser."""
    knots = rng.uniform(-settings.equaliser_db, settings.equaliser_db, 6)
    curve = np.interp(np.linspace(0.0, 5.0, N_MELS), np.arange(6), knots)
    tilt = np.linspace(-1.0, 1.0, N_MELS) * rng.uniform(-settings.tilt_db, settings.tilt_db)
    return decibels + (curve + tilt).astype(np.float32)


def with_silence(decibels: Decibels, rng: Rng) -> Decibels:
    """Replaces up to 0.3 s of speech at either end by quiet frames of the clip.

    The VAD leaves such ends. Random lengths prevent them from correlating with a label.
    """
    total = len(decibels)
    quiet = np.percentile(decibels, 5, axis=0).astype(np.float32)
    count = int(rng.integers(1, min(30, max(2, total // 3))))
    ripple = to_decibels(rng.exponential(1.0, (count, N_MELS)).astype(np.float32) + 1e-3)
    ends = quiet + ripple
    out = decibels.copy()
    if rng.random() < 0.3:
        out[:count] = ends
    else:
        out[total - count :] = ends
    return out


def with_noise(speech: Decibels, noise: Decibels, snr_db: float) -> Decibels:
    """Adds noise in the power domain; shorter noise is repeated."""
    repeats = -(-len(speech) // len(noise))
    track = np.tile(noise, (repeats, 1))[: len(speech)]
    power = to_power(levelled(speech)) + to_power(levelled(track) - np.float32(snr_db))
    return to_decibels(power)


def masked(decibels: Decibels, settings: Augmentation, rng: Rng) -> Decibels:
    """SpecAugment; a masked patch gets the crop's mean, so the level stays."""
    out = decibels.copy()
    mean = np.float32(decibels.mean())
    for _ in range(settings.frequency_masks):
        width = rng.integers(settings.frequency_width + 1)
        start = rng.integers(N_MELS - width + 1)
        out[:, start : start + width] = mean
    for _ in range(settings.time_masks):
        # A short crop keeps at least four fifths of itself.
        width = rng.integers(min(settings.time_width, len(out) // 10) + 1)
        start = rng.integers(len(out) - width + 1)
        out[start : start + width] = mean
    return out


def augmented(
    source: Decibels, frames: int, noises: list[Decibels], settings: Augmentation, rng: Rng
) -> Decibels:
    """`frames` frames of a trimmed clip, randomly augmented. The clip must be that long."""
    pace = 1.0 + rng.uniform(-settings.stretch, settings.stretch)
    # Stretching beyond the clip's frames would repeat its last frame.
    pace = min(pace, len(source) / frames)
    piece = crop(source, int(np.ceil(frames * pace)), rng)
    tract = 1.0 + rng.uniform(-settings.warp, settings.warp)
    out = coloured(warped(piece, tract, pace, frames), settings, rng)
    if rng.random() < settings.silence:
        out = with_silence(out, rng)
    if noises and rng.random() < settings.noise:
        noise = noises[rng.integers(len(noises))]
        out = with_noise(out, noise, rng.uniform(settings.snr_low_db, settings.snr_high_db))
    return levelled(masked(out, settings, rng))


def mixed(batch: Decibels, share: float, order: NDArray[np.int64]) -> Decibels:
    """Mixes every crop with another one of the batch, in the power domain."""
    power = to_power(batch)
    return to_decibels(np.float32(share) * power + np.float32(1.0 - share) * power[order])
