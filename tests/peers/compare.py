"""Processes the same minute of audio with emoscope and its peers, and compares the cost.

    python3 tests/peers/compare.py WORKER [ROUNDS]

WORKER is the emoscope side, built from tests/bench/worker.rs; `make bench-peers` does everything.
Each peer has a separate environment. Rounds alternate, so that a change in machine speed affects
all alike. The processor time of one thread is compared. The table goes to tests/peers/README.md.
"""

import os
import platform
import re
import subprocess
import sys
import tempfile
import wave
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
# Classifies windows, which the Python loop can do too; the default model is a stream.
MODEL = ROOT / "models/small/model.onnx"
# Pairs to compare, with the required and the desired ratio of processor time.
PAIRS = (
    ("MFCC rows", "mfcc", "librosa, the whole recording at once", "librosa:mfcc", 2, 4),
    ("MFCC rows", "mfcc", "kaldi-native-fbank, online, from Python", "kaldi:mfcc", 10, 20),
    ("MFCC rows", "mfcc", "kaldi-native-fbank, online, from C++", "kaldi:native", 2, 3),
    (
        "all but inference, VAD included",
        "features",
        "a live loop in Python, its features alone",
        "loop:features",
        2,
        4,
    ),
    (
        "all, inference included",
        "classified",
        "the same loop with inference",
        "loop:classified",
        1.3,
        2,
    ),
    (
        "all, inference included",
        "classified",
        "openSMILE, eGeMAPSv02 alone",
        "opensmile:egemaps",
        3,
        6,
    ),
)


# Costs per core are compared: one thread each.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Worker:
    """A peer that waits for rounds."""

    def __init__(self, *command: str | Path) -> None:
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | dict.fromkeys(THREADS, "1") | {"ORT_DISABLE_TELEMETRY": "1"},
        )
        self.times: dict[str, list[float]] = {}

    def answer(self) -> str:
        """The next line of the peer."""
        assert self.process.stdout
        line = self.process.stdout.readline().strip()
        if not line:
            sys.exit(f"{self.process.args} ended")
        return line

    def round(self, task: str) -> None:
        """Runs a task once more."""
        assert self.process.stdin
        self.process.stdin.write(task + "\n")
        self.process.stdin.flush()
        self.times.setdefault(task, []).append(float(self.answer()))


def environment(peer: str) -> Path:
    """The Python of a peer."""
    made = subprocess.run(
        [ROOT / "scripts/python-env.sh", HERE / f"{peer}.txt"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return Path(made.stdout.strip())


def minute(path: Path) -> Path:
    """A minute of speech."""
    with wave.open(str(ROOT / "tests/data/two-utterances.wav")) as file:
        once = file.readframes(file.getnframes())
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((once * 12)[: 60 * 32000])
    return path


def native(folder: Path, kaldi: Path) -> Path:
    """kaldi-native-fbank's library as C++ calls it; it lies in its Python package."""
    package = next((kaldi / "lib").glob("python3*/site-packages/kaldi_native_fbank"))
    library = next((package / "lib").glob("_kaldi_native_fbank*"))
    made = folder / "native.so"
    # Packages for every Linux still have the strings of the C++ before 2011.
    options = ("-O2", "-std=c++17", "-D_GLIBCXX_USE_CXX11_ABI=0", "-shared", "-fPIC")
    source = HERE / "kaldi_native_fbank_peer.cc"
    paths = (f"-I{package / 'include'}", f"-Wl,-rpath,{package / 'lib'}")
    subprocess.run(["c++", *options, *paths, source, library, "-o", made], check=False)
    return made


def machine() -> str:
    """What the figures were measured on."""
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return (
        f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, {platform.system()}"
    )


def versions() -> str:
    """The peers with their versions."""
    found = {}
    for peer in ("librosa", "kaldi-native-fbank", "opensmile", "onnxruntime"):
        for path in HERE.glob("*.txt"):
            match = re.search(rf"^{peer}==(\S+)", path.read_text(), re.MULTILINE)
            if match:
                found.setdefault(peer, match[1])
    return ", ".join(f"{peer} {version}" for peer, version in found.items())


def table(workers: dict[str, Worker], rounds: int) -> str:
    """Rows of minima and medians, with their ratios."""
    own = workers["emoscope"].times
    rows = [
        "| emoscope | peer | least, emoscope | least, peer | ratio "
        "| median, emoscope | median, peer | ratio of medians | must | aim |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for what, task, peer, key, must, aim in PAIRS:
        name, peer_task = key.split(":")
        ours, theirs = own[task], workers[name].times.get(peer_task)
        if not theirs:
            rows.append(f"| {what} | {peer} | | not built here | | | | | {must} | {aim} |")
            continue
        cells = [what, peer]
        for figure in (min, median):
            cells += [f"{figure(times) * 1e3:.1f} ms" for times in (ours, theirs)]
            cells.append(f"{figure(theirs) / figure(ours):.1f}")
        rows.append(f"| {' | '.join(cells)} | {must} | {aim} |")
    heading = (
        "# emoscope and its peers\n\n"
        "Made by `make bench-peers`. Processor time of one thread for the same minute of speech,\n"
        f"the least and the median of {rounds} alternating rounds. A ratio is the peer's time\n"
        "over emoscope's. The Python loop uses emoscope's windows and its model,\n"
        f"`{MODEL.parent.name}`, and computes the features of each window again.\n\n"
        f"On {machine()}; {versions()}.\n\n"
    )
    return heading + "\n".join(rows) + "\n"


def main() -> int:
    """Compares, prints and writes the table."""
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        audio = minute(folder / "minute.wav")
        events = folder / "events.jsonl"
        workers = {"emoscope": Worker(sys.argv[1], audio, events)}
        assert workers["emoscope"].answer() == "ready"
        library = native(folder, environment("kaldi-native-fbank"))
        for peer, requirements, last in (
            ("librosa", "librosa", MODEL),
            ("kaldi", "kaldi-native-fbank", library),
            ("opensmile", "opensmile", MODEL),
            ("loop", "live-loop", MODEL),
        ):
            python = environment(requirements) / "bin/python"
            script = HERE / f"{requirements.replace('-', '_')}_peer.py"
            workers[peer] = Worker(python, script, audio, events, last)
            assert workers[peer].answer() == "ready", peer
        tasks = {("emoscope", task) for _, task, *_ in PAIRS}
        tasks |= {tuple(key.split(":")) for *_, key, _, _ in PAIRS}
        if not library.exists():
            tasks.remove(("kaldi", "native"))
        for _ in range(rounds):
            for peer, task in sorted(tasks):
                workers[peer].round(task)
        text = table(workers, rounds)
        for worker in workers.values():
            assert worker.process.stdin
            worker.process.stdin.close()
            worker.process.wait()
    print(text)
    (HERE / "README.md").write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
