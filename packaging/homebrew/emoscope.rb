class Emoscope < Formula
  desc "Shows live in the terminal which emotion a voice expresses"
  homepage "https://emoscope.invalid/emoscope"
  url "https://emoscope.invalid/emoscope.git", tag: "v0.1.0"
  license "MIT"
  head "https://emoscope.invalid/emoscope.git", branch: "main"

  depends_on "pkgconf" => :build
  depends_on "rust" => :build
  depends_on "onnxruntime" # the fast engine
  depends_on "opus"

  on_linux do
    depends_on "alsa-lib"
  end

  def install
    system "cargo", "install", *std_cargo_args
    (lib/"emoscope").install_symlink Formula["onnxruntime"].opt_lib/shared_library("libonnxruntime")
    system bin/"emoscope", "man", man1
    generate_completions_from_executable(bin/"emoscope", "completions")
    doc.install "models/voices/card.md"
  end

  test do
    assert_match "emoscope #{version}", shell_output("#{bin}/emoscope --version")
    assert_match "session_end", shell_output("#{bin}/emoscope demo --jsonl")
  end
end
