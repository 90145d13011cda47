// kaldi-native-fbank as a C++ program calls it. A library, since its own lies in a Python package
// and wants Python's symbols; no Python runs inside.
#include <algorithm>
#include <cstddef>

#include "kaldi-native-fbank/csrc/online-feature.h"

extern "C" float mfcc(const float *samples, std::size_t count) {
  knf::MfccOptions options;
  options.frame_opts.samp_freq = 16000;
  options.frame_opts.dither = 0;
  options.mel_opts.num_bins = 80;
  options.num_ceps = 80;
  knf::OnlineMfcc online(options);
  float sum = 0;
  int seen = 0;
  for (std::size_t start = 0; start < count; start += 1600) {
    std::size_t length = std::min<std::size_t>(1600, count - start);
    online.AcceptWaveform(16000, samples + start, static_cast<int32_t>(length));
    for (; seen < online.NumFramesReady(); seen++) sum += online.GetFrame(seen)[0];
  }
  return sum;
}
