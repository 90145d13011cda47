"""kaldi-native-fbank: online MFCCs, fed as a microphone would, 100 ms at a time.

The third argument is the library of kaldi_native_fbank_peer.cc, where that could be built.
"""

import ctypes
import sys
from pathlib import Path

import kaldi_native_fbank as knf
import numpy as np
import worker


def main() -> None:
    """Serves rounds."""
    samples = worker.audio()
    options = knf.MfccOptions()
    options.frame_opts.samp_freq = 16000
    options.frame_opts.dither = 0
    options.mel_opts.num_bins = 80
    options.num_ceps = 80

    def mfcc() -> object:
        online = knf.OnlineMfcc(options)
        rows = []
        for start in range(0, len(samples), 1600):
            online.accept_waveform(16000, samples[start : start + 1600].tolist())
            while len(rows) < online.num_frames_ready:
                rows.append(online.get_frame(len(rows)))
        online.input_finished()
        return np.stack(rows)

    tasks = {"mfcc": mfcc}
    if Path(sys.argv[3]).exists():
        native = ctypes.CDLL(sys.argv[3]).mfcc
        native.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
        tasks["native"] = lambda: native(samples.ctypes.data, len(samples))
    worker.serve(**tasks)


if __name__ == "__main__":
    main()
