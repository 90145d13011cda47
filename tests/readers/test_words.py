"""The word lint finds retired words, long sentences and crowded cells, and nothing else."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from conftest import TOP


def load(name: str) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(name, TOP / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


words = load("words")
results = load("results")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("src/a.rs", "//! It begins anew.\n"),
        ("src/a.rs", "// A voice that was never\n    /// met before.\n"),
        ("a.py", "# Anew, and so on\n"),
        ("a.py", "def hear(x): ...\n"),
        ("src/a.rs", "pub fn heard(&self) {}\n"),
        ("src/a.rs", "use crate::gate::Gate;\n"),
        ("src/a.rs", "    judge: Judge::new(),\n"),
        ("docs/a.md", "He knows them by\nheart.\n"),
        ("src/a.rs", "/// Whether it can be heard.\n"),
        ("src/a.rs", "fn a_tone_is_heard_and_kept() {}\n"),
        ("src/a.rs", "    pub judged_ahead: bool,\n"),
    ],
)
def test_a_retired_word_is_found(name: str, text: str) -> None:
    """In any case, and across a line break with a comment mark."""
    (message,) = words.problems(name, text)
    assert message.startswith(f"{name}:1: retired: ")


@pytest.mark.parametrize(
    "text",
    [
        "A new voice. Sir Henry Newbolt. The plan he wears.\n",
        "Judge files and folders; an aggregate; the hearing; investigate::gate_count\n",
        "let followed = fn_heard;\n",
    ],
)
def test_a_similar_word_is_none(text: str) -> None:
    """Only whole words count, and names in their own case."""
    assert list(words.problems("src/a.rs", text)) == []


def sentence(count: int) -> str:
    """A sentence of a number of words."""
    return " ".join(["word"] * (count - 2)) + " `a b c` [the](https://example.org/a%20b)."


def test_a_long_sentence_is_found() -> None:
    """Code is one word, and a link has the words of its text."""
    for page in (
        "{}\n",
        "# Title\n\n- First. {} Last.\n",
        "| a | {} |\n",
        "(Before.) {}\nnext line.\n",
    ):
        assert list(words.problems("docs/a.md", page.format(sentence(35)))) == []
        (message,) = words.problems("docs/a.md", page.format(sentence(36)))
        assert "36 words" in message


def test_other_text_may_have_long_sentences() -> None:
    """Code blocks, and files that are no guide."""
    assert list(words.problems("docs/a.md", f"```\n{sentence(40)}\n```\n")) == []
    assert list(words.problems("src/a.rs", f"// {sentence(40)}\n")) == []


@pytest.mark.parametrize("cell", ["4.0 %; 14.9 %", "0.75, 1", "1 to 2", "27 (23) ms", "-1 or +1"])
def test_a_crowded_cell_is_found(cell: str) -> None:
    """Only in the README."""
    page = f"| measure | result |\n|---|---:|\n| a | {cell} |\n"
    (message,) = words.problems("README.md", page)
    assert message.startswith("README.md:3: 2 numbers")
    assert list(words.problems("docs/a.md", page)) == []


@pytest.mark.parametrize(
    "cell",
    [
        "62.0 %",
        "after 60 s",
        "CREMA-D",
        "`--speed 0.25` to `8`",
        "[9](docs/2024-1.md)",
        "UTF-8, f32",
    ],
)
def test_one_number_is_none_too_many(cell: str) -> None:
    """Nor are numbers in code, names and addresses."""
    assert list(words.problems("README.md", f"| {cell} | {cell} |\n")) == []


def test_a_bad_file_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command names file and line, and ends with 1."""
    (tmp_path / "good.md").write_text("Fine.\n")
    (tmp_path / "bad.md").write_text("Fine.\nThis is a misfit.\n")
    assert words.main([str(tmp_path / "good.md")]) == 0
    assert words.main([str(tmp_path / "bad.md")]) == 1
    assert "bad.md:2: retired: 'misfit'" in capsys.readouterr().err


def test_the_results_are_those_of_the_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A figure that was typed by hand is found, and the command corrects it."""
    page = tmp_path / "README.md"
    page.write_text(
        (TOP / "README.md").read_text().replace("| Coverage, unseen speakers | ", "| C | 1")
    )
    monkeypatch.setattr(results, "README", page)
    assert results.main(["--check"]) == 1
    assert results.main([]) == 0
    assert results.main(["--check"]) == 0
    assert page.read_text() == (TOP / "README.md").read_text()
    assert (
        len(results.rows(results.json.loads((TOP / "models/voices/metrics.json").read_text())))
        <= 12
    )
