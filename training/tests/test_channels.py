"""A recording channel changes what it should, and nothing else."""

import numpy as np
import pytest
import scipy.signal

from emoscope_train.export.golden import voice
from emoscope_train.features import channels
from emoscope_train.features.channels import CHANNELS
from emoscope_train.features.frontend import SAMPLE_RATE


@pytest.fixture
def speech() -> channels.Signal:
    return voice(200, 140.0, 0.3, 7)


def rms_db(signal: channels.Signal) -> float:
    return 10.0 * float(np.log10(np.mean(signal**2)))


@pytest.mark.parametrize("name", CHANNELS)
def test_the_recording_stays_recognisable(speech: channels.Signal, name: str) -> None:
    changed = CHANNELS[name](speech)
    assert changed.shape == speech.shape
    assert np.all(np.isfinite(changed))
    # A codec may shift it by some samples, no more than a frame.
    match = scipy.signal.correlate(changed, speech, method="fft")
    best = np.max(np.abs(match)) / (np.linalg.norm(changed) * np.linalg.norm(speech))
    assert best > 0.7, best
    assert abs(int(np.argmax(np.abs(match))) - (len(speech) - 1)) < SAMPLE_RATE // 50


def test_levels_match_their_names(speech: channels.Signal) -> None:
    assert rms_db(CHANNELS["30 dB too quiet"](speech)) == pytest.approx(-53.0, abs=0.1)
    clipped = CHANNELS["20 dB too loud, clipped"](speech)
    assert np.max(np.abs(clipped)) == 1.0
    assert np.mean(np.abs(clipped) == 1.0) > 0.05


def test_a_telephone_has_nothing_above_its_band() -> None:
    noise = np.random.default_rng(0).normal(0.0, 0.1, 2 * SAMPLE_RATE)
    rate, power = scipy.signal.welch(CHANNELS["telephone, 8 kHz"](noise), SAMPLE_RATE)
    inside, above = (rate > 500) & (rate < 3000), rate > 4500
    assert 10.0 * np.log10(power[inside].mean() / power[above].mean()) > 30.0


@pytest.mark.parametrize("name", [name for name in CHANNELS if "quality" in name])
def test_a_codec_loses_something(speech: channels.Signal, name: str) -> None:
    changed = CHANNELS[name](speech)
    assert not np.allclose(changed, channels.levelled(speech), atol=1e-3)
