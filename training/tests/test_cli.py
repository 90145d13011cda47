"""The command line of the training."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emoscope_train import cli, config
from emoscope_train.errors import UserError

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.toml"))


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    assert "examples:" in capsys.readouterr().out


def test_a_missing_data_folder_names_the_option(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EMOSCOPE_DATA", raising=False)
    assert cli.main(["manifest"]) == 2
    assert "--data" in capsys.readouterr().err


def test_manifest_lists_checks_and_writes(
    toy_corpus: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = toy_corpus(2, 2)
    output = tmp_path / "clips.csv"
    assert cli.main(["manifest", "--data", str(data), "--check", "--output", str(output)]) == 0
    said = capsys.readouterr().out
    assert "toy" in said
    assert "4 clips decode" in said
    assert len(output.read_text(encoding="utf-8").splitlines()) == 5


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_configs_load(path: Path) -> None:
    assert config.load(path).name == path.stem


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("seed = 1", "sead = 1"), "sead"),
        (("seed = 1\n", ""), "seed"),
        (('"without-emodb"', '"without-all"'), "without-all"),
        (("[shipped]", "[shiped]"), "shiped"),
        (("name =", "name"), "voices"),
    ],
)
def test_a_wrong_config_is_named(tmp_path: Path, change: tuple[str, str], named: str) -> None:
    text = next(path for path in CONFIGS if path.stem == "small").read_text(encoding="utf-8")
    path = tmp_path / "voices.toml"
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(UserError, match=named):
        config.load(path)


def test_what_ships_by_itself_needs_a_voice_head(toy: Path) -> None:
    with_head = toy.read_text(encoding="utf-8")
    onward = "[shipped]\nepochs = 1\nclips_per_epoch = 32\nlearning_rate = 1e-3\n"
    toy.write_text(with_head + onward, encoding="utf-8")
    assert config.load(toy).shipped
    toy.write_text(with_head[: with_head.index("[head]")] + onward, encoding="utf-8")
    with pytest.raises(UserError, match=r"needs a \[head\]"):
        config.load(toy)


def test_only_the_commands_that_need_it_import_pytorch() -> None:
    code = (
        "import sys, emoscope_train.cli, emoscope_train.export.parity, "
        "emoscope_train.features.cache, emoscope_train.features.duplicates, "
        "emoscope_train.reporting.card; sys.exit('torch' in sys.modules)"
    )
    folder = Path(__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=folder, check=False).returncode == 0


def test_stream_refuses_the_model_that_was_trained_on_the_test_speakers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    voices = next(path for path in CONFIGS if path.stem == "voices")
    options = ["--data", str(tmp_path), "--work", str(tmp_path), "--emoscope", "emoscope"]
    assert cli.main(["stream", str(voices), *options]) == 2
    assert "speakers/model/model.onnx is missing" in capsys.readouterr().err
    assert not list(tmp_path.rglob("streaming.json"))
