"""librosa: the MFCCs of a whole recording."""

import librosa
import worker


def main() -> None:
    """Serves rounds."""
    samples = worker.audio()

    def mfcc() -> object:
        return librosa.feature.mfcc(
            y=samples,
            sr=16000,
            n_mfcc=80,
            n_fft=400,
            hop_length=160,
            n_mels=80,
            htk=False,
            norm="ortho",
            pad_mode="constant",
        )

    worker.serve(mfcc=mfcc)


if __name__ == "__main__":
    main()
