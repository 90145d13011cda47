"""A trained model on its test clips: probabilities as the program computes them."""

import numpy as np
from numpy.typing import NDArray

from ..data.corpora import Clip
from ..data.labels import LABELS
from ..export.model_spec import Calibration
from ..features.cache import Decibels
from ..features.windows import seconds_of
from ..model.baseline import FOLDER_S, Baselines, Embeddings, enrolled, of_all_speakers
from ..model.network import Network
from ..numeric import softmax
from . import metrics
from .inference import embed_and_detect, head_logits, logits_of

# Enrolment speech of the speaker before a clip is classified, in seconds.
ENROLMENT_SECONDS = (0.0, 5.0, 15.0, 60.0)
# Which clips of the speaker are enrolled: neutral ones first, or only those with the clip's own
# label. Otherwise any.
NEUTRAL_FIRST, ONE_LABEL = "neutral first", "alike"


class TestedModel:
    """A network and its test clips."""

    def __init__(self, network: Network, calibration: Calibration, clips: list[Clip]) -> None:
        self.network, self.calibration, self.clips = network, calibration, clips
        network.use_half()
        if calibration.correction and network.voice:
            network.voice.correct(calibration.correction)
        self.truth = np.asarray([LABELS.index(clip.label) for clip in clips], dtype=np.int64)
        self.corpora = np.asarray([clip.corpus for clip in clips])
        self._last: tuple[list[Decibels], tuple[Embeddings, NDArray[np.float32]]] | None = None

    def probabilities(
        self, pieces: list[Decibels], enrolment_s: float = 0.0, kind: str = ""
    ) -> NDArray[np.float64]:
        """Calibrated probabilities [clips, labels] after `enrolment_s` of other clips of the voice.

        `kind` is NEUTRAL_FIRST, ONE_LABEL or empty.
        """
        if self.network.voice is None:
            return softmax(logits_of(self.network, pieces), self.calibration.temperature)
        baselines = enrolled(
            self.embeddings(pieces),
            seconds_of(pieces),
            [clip.speaker + (f"/{clip.label}" if kind == ONE_LABEL else "") for clip in self.clips],
            enrolment_s,
            np.random.default_rng(0),
            self.truth == LABELS.index("neutral") if kind == NEUTRAL_FIRST else None,
        )
        return self._relative_to(pieces, baselines)

    def in_folder(self, pieces: list[Decibels]) -> NDArray[np.float64]:
        """Probabilities relative to one baseline of all clips, as `analyze` does for a folder."""
        baselines = of_all_speakers(self.embeddings(pieces), seconds_of(pieces), FOLDER_S)
        return self._relative_to(pieces, baselines)

    def _relative_to(self, pieces: list[Decibels], baselines: Baselines) -> NDArray[np.float64]:
        assert self.network.voice is not None
        logits = head_logits(self.network.voice, self.embeddings(pieces), baselines)
        return softmax(logits, self.calibration.temperature)

    def embeddings(self, pieces: list[Decibels]) -> Embeddings:
        """[pieces, width]."""
        return self._computed(pieces)[0]

    def speech_logits(self, pieces: list[Decibels]) -> NDArray[np.float32]:
        """[pieces], above 0 for speech."""
        return self._computed(pieces)[1]

    def _computed(self, pieces: list[Decibels]) -> tuple[Embeddings, NDArray[np.float32]]:
        """Cached for the last list of pieces."""
        if self._last is None or self._last[0] is not pieces:
            self._last = (pieces, embed_and_detect(self.network, pieces))
        return self._last[1]

    def by_sex(self, probabilities: NDArray[np.float64]) -> dict[str, dict[str, float]]:
        """Figures by sex, if the corpus states it."""
        stated = np.asarray([bool(clip.sex) for clip in self.clips])
        sexes = np.asarray([clip.sex for clip in self.clips])[stated]
        return metrics.by_group(probabilities[stated], self.truth[stated], sexes)

    def spread(self, probabilities: NDArray[np.float64]) -> dict[str, float]:
        """Spread of the accuracy over speakers."""
        speakers = np.asarray([clip.speaker for clip in self.clips])
        return metrics.spread(probabilities, self.truth, speakers)

    def summary(self, probabilities: NDArray[np.float64]) -> dict[str, float]:
        """Accuracy, UAR and ECE over all clips, and the mean UAR over corpora."""
        by_corpus = [
            metrics.uar(probabilities[self.corpora == name], self.truth[self.corpora == name])
            for name in np.unique(self.corpora)
        ]
        mean = round(float(np.mean(by_corpus)), 4)
        return metrics.summary(probabilities, self.truth) | {"mean_corpus_uar": mean}

    def row(
        self, probabilities: NDArray[np.float64], labels_of_corpus: dict[str, list[str]]
    ) -> dict[str, float]:
        """Figures with all seven labels, and with only each corpus's own labels."""
        uars = [
            metrics.uar(
                metrics.restricted(
                    probabilities[self.corpora == name], labels_of_corpus.get(str(name), LABELS)
                ),
                self.truth[self.corpora == name],
            )
            for name in np.unique(self.corpora)
        ]
        return self.summary(probabilities) | {"uar_own_labels": round(float(np.mean(uars)), 4)}

    def by_enrolment(
        self, pieces: list[Decibels], labels_of_corpus: dict[str, list[str]]
    ) -> dict[str, dict[str, float]]:
        """Figures by seconds of enrolment and its kind."""
        out = {}
        for seconds in ENROLMENT_SECONDS:
            for kind in ("", NEUTRAL_FIRST, ONE_LABEL) if seconds else ("",):
                key = f"{seconds:.0f} s" + (f", {kind}" if kind else "")
                out[key] = self.row(self.probabilities(pieces, seconds, kind), labels_of_corpus)
        return out
