"""openSMILE: the 88 functionals of eGeMAPSv02 over a recording."""

import opensmile
import worker


def main() -> None:
    """Serves rounds."""
    samples = worker.audio()
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.Functionals,
        num_workers=1,
    )
    worker.serve(egemaps=lambda: smile.process_signal(samples, 16000))


if __name__ == "__main__":
    main()
