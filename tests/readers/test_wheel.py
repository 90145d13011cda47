"""The Python package, installed from its wheel alone into a fresh environment.

`make test-python` builds the wheel and names it in EMOSCOPE_WHEEL.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import TOP, Utterance
from jsonschema import Draft202012Validator

SCHEMA = json.loads((TOP / "tests" / "schema" / "event.json").read_text())


@dataclass(frozen=True)
class Installed:
    """An environment that has the package and nothing else."""

    root: Path
    environment: dict[str, str]

    def run(self, code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Runs Python code there."""
        command = [self.root / "bin" / "python", "-c", code, *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, env=self.environment, check=False
        )

    def answer(self, code: str, *arguments: object) -> Any:
        """What Python code prints, as JSON."""
        done = self.run(code, *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def wheel() -> str:
    """Its path."""
    path = os.environ.get("EMOSCOPE_WHEEL")
    if not path:
        pytest.skip("EMOSCOPE_WHEEL names no wheel")
    return path


@pytest.fixture(scope="module")
def installed(
    wheel: str, home: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    """No cache, no activation, no program on the path: only the wheel."""
    root = tmp_path_factory.mktemp("fresh") / "environment"
    venv.create(root, with_pip=True)
    install = [root / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-index", wheel]
    subprocess.run(install, check=True)
    own = str(tmp_path_factory.mktemp("own"))
    names = ("EMOSCOPE_BASELINE", "EMOSCOPE_CERTAIN", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
    environment = {name: home[name] for name in names}
    return Installed(root, {**environment, "HOME": own, "PATH": "/usr/bin:/bin"})


def test_the_wheel_needs_no_package_and_brings_its_licences(wheel: str) -> None:
    """Requirements are extras; the licence, the model card and py.typed are inside."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        lines = archive.read(metadata).decode().split("\n\n")[0].splitlines()
        requires = [line for line in lines if line.startswith("Requires-Dist:")]
        assert any("onnxruntime" in line for line in requires)
        assert all("extra ==" in line for line in requires)
        assert archive.read("emoscope/card.md") == (TOP / "models/voices/card.md").read_bytes()
        assert "emoscope/py.typed" in names
        (licence,) = [name for name in names if Path(name).name == "LICENSE"]
        assert archive.read(licence) == (TOP / "LICENSE").read_bytes()


def test_utterances_are_those_of_the_event_lines(
    installed: Installed, folder: Path, utterances: list[Utterance]
) -> None:
    """All of them, in their order; the broken recording is reported and stops nothing."""
    code = """if True:
        import dataclasses, json, sys, warnings, emoscope
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = emoscope.analyze(sys.argv[1])
        heavy = {"numpy", "pandas", "torch"} & set(sys.modules)
        print(json.dumps({
            "rows": [dataclasses.asdict(row) for row in found],
            "failures": [dataclasses.asdict(failure) for failure in found.failures],
            "warnings": [[str(w.message), w.category.__name__] for w in caught],
            "heavy": list(heavy),
        }))"""
    answer = installed.answer(code, folder)
    for row, expected in zip(answer["rows"], utterances, strict=True):
        exact = ("file", "start_s", "end_s", "label")
        assert [row[name] for name in exact] == [getattr(expected, name) for name in exact]
        # The lines may come from the other engine.
        assert row["probabilities"] == pytest.approx(expected.probabilities, abs=1e-4)
        assert row["confidence"] == max(row["probabilities"].values())
    (failure,), ((warning, category),) = answer["failures"], answer["warnings"]
    assert failure["file"] == str(folder / "broken.wav")
    assert failure["message"] in warning
    assert category == "EmoscopeWarning"
    assert answer["heavy"] == []


def test_events_follow_the_schema(installed: Installed) -> None:
    """A stream of a recording is what `replay` prints."""
    code = "import json, sys, emoscope; print(json.dumps(list(emoscope.stream(path=sys.argv[1]))))"
    events = installed.answer(code, TOP / "tests" / "data" / "two-utterances.wav")
    for event in events:
        Draft202012Validator(SCHEMA).validate(event)
    assert events[0]["type"] == "session_start"
    assert events[-1]["type"] == "session_end"
    assert events[-1]["utterances"] == 2


def test_the_examples_of_the_guide_run(installed: Installed, tmp_path: Path) -> None:
    """As written, in a folder with the recordings that they name."""
    data = TOP / "tests" / "data"
    shutil.copy(data / "two-utterances.wav", tmp_path / "talk.wav")
    (tmp_path / "recordings").mkdir()
    shutil.copy(data / "speech-16k.wav", tmp_path / "recordings")
    page = (TOP / "docs" / "python.md").read_text()
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        done = installed.run(f"import os; os.chdir({str(tmp_path)!r})\n{example}")
        assert done.returncode == 0, done.stderr
        assert "neutral" in done.stdout


def test_closing_a_stream_ends_the_program(installed: Installed) -> None:
    """A recording in real time, left after its first event: no process remains."""
    code = """if True:
        import json, os, sys, emoscope
        events = emoscope.stream(path=sys.argv[1], speed=0.25)
        first = next(events)
        events.close()
        try:
            left = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            left = None
        print(json.dumps([first["type"], left]))"""
    recording = TOP / "tests" / "data" / "two-utterances.wav"
    assert installed.answer(code, recording) == ["session_start", None]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        ("analyze('missing.wav', channel='nonsense')", "EmoscopeError", "nonsense"),
        ("analyze('README', model='missing.onnx')", "EmoscopeError", "missing.onnx"),
        ("analyze([])", "ValueError", "file or a folder"),
        ("stream(path='a.wav', device=1)", "ValueError", "leave them out"),
        ("stream(speed=2)", "ValueError", "speed is for recordings"),
        ("stream(path='missing.wav').send(None)", "EmoscopeError", "missing.wav"),
    ],
)
def test_errors_say_what_to_do(installed: Installed, call: str, error: str, words: str) -> None:
    """The program's own message, or one about the arguments."""
    done = installed.run(f"import emoscope; emoscope.{call}")
    last = done.stderr.strip()
    assert done.returncode == 1
    assert error in last
    assert words in last


def test_a_program_that_is_missing(installed: Installed, tmp_path: Path) -> None:
    """As after a copy of the package without its program."""
    package = next(installed.root.glob("lib/python3*/site-packages/emoscope"))
    shutil.copytree(package, tmp_path / "emoscope")
    code = "import emoscope; emoscope.analyze('x.wav')"
    environment = {**installed.environment, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert "pip install --force-reinstall emoscope" in done.stderr


def test_a_table_without_pandas_names_what_is_missing(installed: Installed) -> None:
    """With the command that installs it."""
    done = installed.run("import emoscope; emoscope._analyze.Utterances().to_pandas()")
    assert done.returncode == 1
    assert "pip install emoscope[pandas]" in done.stderr.splitlines()[-1]


def test_a_table_of_pandas(wheel: str, home: dict[str, str], folder: Path, tmp_path: Path) -> None:
    """Installed with --target beside a Python that has pandas."""
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index"]
    subprocess.run([*install, "--target", tmp_path, wheel], check=True)
    code = """if True:
        import sys, warnings, emoscope
        warnings.simplefilter("ignore")
        found = emoscope.analyze([sys.argv[1], sys.argv[2]])
        table = found.to_pandas()
        assert len(table) == len(found) == 3
        assert list(table.file.unique()) == sys.argv[1:], table.file
        p = table.filter(regex="^p_")
        assert (p.max(axis=1) == table.confidence).all()
        assert (abs(p.sum(axis=1) - 1) < 1e-5).all()"""
    recordings = [folder / 'a "1" & <b>.wav', folder / "below" / "one utterance.wav"]
    done = subprocess.run(
        [sys.executable, "-c", code, *recordings],
        env={**home, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_onnxruntime_of_the_same_environment_is_used(installed: Installed) -> None:
    """As `emoscope[fast]` installs it: the environment is not active, the program finds it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "emoscope"
    libraries = sorted(cache.glob("onnxruntime-1*/libonnxruntime.so.*"))
    if not libraries:
        pytest.skip("no ONNX Runtime here")
    packages = next(installed.root.glob("lib/python3*/site-packages"))
    code = "import json, sys, emoscope; print(json.dumps(next(emoscope.stream(path=sys.argv[1]))))"
    recording = TOP / "tests" / "data" / "speech-16k.wav"
    engines = [installed.answer(code, recording)["engine"]]
    folder = packages / "onnxruntime" / "capi"
    folder.mkdir(parents=True)
    (folder / libraries[0].name).symlink_to(libraries[0])
    engines.append(installed.answer(code, recording)["engine"])
    shutil.rmtree(folder.parent)
    assert "rten" in engines[0]
    assert "ONNX Runtime" in engines[1]


def test_the_types_of_events_are_those_of_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are generated from it, and an utterance has every field of a measurement."""
    command = [sys.executable, TOP / "scripts" / "event_types.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    monkeypatch.syspath_prepend(TOP / "packaging" / "python")
    from emoscope import Utterance, events

    for kind in (reference["$ref"].rsplit("/", 1)[1] for reference in SCHEMA["oneOf"]):
        definition = SCHEMA["$defs"][kind]
        typed = getattr(events, kind.title().replace("_", ""))
        assert typed.__required_keys__ == set(definition["required"])
        optional = definition["properties"].keys() - set(definition["required"])
        assert typed.__optional_keys__ == optional
    measured = set(SCHEMA["$defs"]["measurement"]["properties"]) - {"type", "trigger"}
    assert set(Utterance.__dataclass_fields__) == measured
