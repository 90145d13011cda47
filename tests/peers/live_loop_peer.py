"""The obvious Python loop: librosa on each window, then onnxruntime.

It uses emoscope's windows and model, so it needs no VAD.
"""

import sys

import librosa
import numpy as np
import onnxruntime
import worker


def main() -> None:
    """Serves rounds."""
    samples = worker.audio()
    spans = worker.windows()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(sys.argv[3], options, ["CPUExecutionProvider"])

    # The other inputs of the model: an empty speaker baseline.
    no_baseline = {
        given.name: np.zeros([1, *given.shape[1:]], dtype=np.float32)
        for given in session.get_inputs()
        if given.name != "mfcc"
    }

    def features() -> list[np.ndarray]:
        return [
            librosa.feature.mfcc(
                y=samples[start:end],
                sr=16000,
                n_mfcc=80,
                n_fft=400,
                hop_length=160,
                n_mels=80,
                htk=False,
                pad_mode="constant",
            )
            for start, end in spans
        ]

    def classified() -> list[np.ndarray]:
        return [
            session.run(["logits"], {"mfcc": mfcc.T[np.newaxis], **no_baseline})[0]
            for mfcc in features()
        ]

    worker.serve(features=features, classified=classified)


if __name__ == "__main__":
    main()
