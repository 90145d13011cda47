class Emoscope < Formula
  desc "@DESCRIPTION@"
  homepage "@HOMEPAGE@"
  url "@REPOSITORY@.git", tag: "v@VERSION@"
  license "@LICENSE@"
  head "@REPOSITORY@.git", branch: "main"

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
