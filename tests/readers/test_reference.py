"""Human labels: the confusion matrix and the UAR, against scikit-learn."""

import csv
import json
import re
from collections import defaultdict
from pathlib import Path

import parselmouth
import pytest
from conftest import Emoscope, Utterance, downloaded, joined, needs_browser, sections
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select
from sklearn.metrics import confusion_matrix, recall_score

MISSING = "no answer"


def matrix(text: str) -> dict[str, dict[str, int]]:
    """The printed matrix: a row for each label of the reference."""
    lines = text[text.index("reference  ") :].splitlines()
    head = re.split(r"  +", lines[0])[1:-1]
    found = {}
    for line in lines[1:]:
        if line.startswith("UAR"):
            break
        name, *cells = re.split(r"  +", line.strip())
        found[name] = dict(zip(head, map(int, cells[:-1]), strict=True))
    return found


def uar(text: str) -> float:
    """The printed UAR, where uncertain is wrong."""
    found = re.search(r"UAR ([\d.]+) %", text)
    assert found, text
    return float(found[1]) / 100


def agrees(text: str, truth: list[str], predicted: list[str]) -> None:
    """Whether the printed figures are those of scikit-learn."""
    labels = sorted(set(truth) | set(predicted))
    expected = confusion_matrix(truth, predicted, labels=labels)
    found = matrix(text)
    assert set(found) == set(truth)
    for name, counts in found.items():
        row = dict(zip(labels, expected[labels.index(name)], strict=True))
        assert counts == {answer: row.get(answer, 0) for answer in counts}, name
    recall = recall_score(truth, predicted, labels=sorted(set(truth)), average="macro")
    assert uar(text) == pytest.approx(recall, abs=0.0006)


def predicted_of(utterances: list[Utterance], start: float = 0.0, end: float = 1e9) -> str:
    """The label of most seconds between two times."""
    seconds: dict[str, float] = defaultdict(float)
    for u in utterances:
        seconds[u.label] += max(0.0, min(u.end_s, end) - max(u.start_s, start))
    best = max(seconds, key=lambda label: seconds[label], default=MISSING)
    return best if seconds.get(best, 0.0) > 0 else MISSING


def test_labels_of_recordings(
    emoscope: Emoscope, folder: Path, utterances: list[Utterance], tmp_path: Path
) -> None:
    """One label for each, in a CSV beside them; standard output is unchanged."""
    own = defaultdict(list)
    for utterance in utterances:
        own[utterance.file].append(utterance)
    names = ['a "1" & <b>.wav', "below/one utterance.wav", "below/silence.wav"]
    truth = ["anger", utterances[2].label.replace("uncertain", "fear"), "anger"]
    reference = folder / "labels.csv"
    with reference.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label", "speaker"])
        rows.writerows(zip(names, truth, "abc", strict=True))
    predicted = [predicted_of(own[str(folder / name)]) for name in names]
    plain = emoscope("analyze", folder, "--format", "csv", code=1)
    done = emoscope("analyze", folder, "--format", "csv", "--reference", reference, code=1)
    assert done.stdout == plain.stdout
    assert "1 of 4 recordings" in done.stderr
    agrees(done.stderr, truth, predicted)
    table = emoscope("analyze", folder, "--format", "table", "--reference", reference, code=1)
    agrees(table.stdout, truth, predicted)
    reference.unlink()


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of many utterances."""
    return joined(tmp_path_factory.mktemp("labelled") / "talk.wav", 8)


@pytest.mark.parametrize("kind", ["csv", "txt", "TextGrid"])
def test_labels_of_stretches(emoscope: Emoscope, long: Path, kind: str, tmp_path: Path) -> None:
    """Four seconds each, in every format; Praat writes the TextGrid itself."""
    lines = emoscope("analyze", long, "--format", "jsonl").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    ended = [event for event in events if event.get("trigger") == "speech_ended"]
    own = [Utterance("", e["start_s"], e["end_s"], e["label"], 0, {}, 0, 0, None, 0) for e in ended]
    names = ["anger", "sadness", "fear", "neutral", "happiness"]
    spans = [(4.0 * n, 4.0 * n + 4.0, names[n % 5]) for n in range(10)]
    path = tmp_path / f"labels.{kind}"
    if kind == "csv":
        rows = [f"{start},{end},{label}\n" for start, end, label in spans]
        path.write_text("start,end,label\n" + "".join(rows))
    elif kind == "txt":
        path.write_text("".join(f"{start:f}\t{end:f}\t{label}\n" for start, end, label in spans))
    else:
        grid = parselmouth.praat.call("Create TextGrid", 0.0, 43.0, "emotion other", "")
        for number, (start, _, label) in enumerate(spans, 1):
            if start:
                parselmouth.praat.call(grid, "Insert boundary", 1, start)
            parselmouth.praat.call(grid, "Set interval text", 1, number, label)
        parselmouth.praat.call(grid, "Insert boundary", 1, spans[-1][1])
        parselmouth.praat.call(grid, "Save as text file", str(path))
    done = emoscope("analyze", long, "--format", "jsonl", "--reference", path)
    truth = [label for _, _, label in spans]
    agrees(done.stderr, truth, [predicted_of(own, start, end) for start, end, _ in spans])


def test_its_own_output_is_right(emoscope: Emoscope, long: Path, tmp_path: Path) -> None:
    """Its output, read back as a reference: every label is right."""
    for kind, name in (("textgrid", "o.TextGrid"), ("audacity", "o.txt"), ("csv", "o.csv")):
        path = tmp_path / name
        emoscope("analyze", long, "--format", kind, "--output", path)
        done = emoscope("analyze", long, "--format", "csv", "--reference", path)
        rows = matrix(done.stderr)
        certain = {n: c for name, r in rows.items() for n, c in r.items() if n == name and c}
        assert certain, kind
        if kind != "audacity":
            assert uar(done.stderr) == 1.0, kind


def test_an_invalid_reference_is_rejected(emoscope: Emoscope, folder: Path, tmp_path: Path) -> None:
    """With the name of the file and a remedy."""
    for name, text, said in [
        ("a.xlsx", "", ".csv"),
        ("a.csv", "name,label\n", "path,label"),
        ("b.csv", "path,label\nother.wav,anger\n", "no label for these recordings"),
        ("a.txt", "0\t1\tanger\n", "one file"),
        ("a.TextGrid", "hello", "TextGrid"),
        ("missing.csv", None, "cannot be read"),
    ]:
        path = tmp_path / name
        if text is not None:
            path.write_text(text)
        done = emoscope("analyze", folder, "--reference", path, code=1)
        assert name in done.stderr
        assert said in done.stderr
        assert done.stdout == ""


@needs_browser
def test_labels_in_the_page(
    browser: webdriver.Chrome, emoscope: Emoscope, long: Path, tmp_path: Path
) -> None:
    """The matrix and a lane; a corrected label becomes a row for training."""
    reference = tmp_path / "labels.csv"
    spans = [(6.0 * n, 6.0 * n + 5.0, ["anger", "neutral"][n % 2]) for n in range(7)]
    rows = [f"{start},{end},{label}\n" for start, end, label in spans]
    reference.write_text("start,end,label\n" + "".join(rows))
    page = tmp_path / "page.html"
    printed = emoscope("analyze", long, "--format", "csv", "--reference", reference)
    emoscope("report", long, "--reference", reference, "--output", page)
    (section,) = sections(browser, page)
    table = browser.find_element(By.CSS_SELECTOR, "table.confusion")
    answers = [cell.text for cell in table.find_elements(By.CSS_SELECTOR, "thead th")][1:-1]
    for name, counts in matrix(printed.stderr).items():
        row = table.find_element(By.XPATH, f".//tbody/tr[th='{name}']")
        cells = [int(cell.text) for cell in row.find_elements(By.TAG_NAME, "td")[:-1]]
        assert dict(zip(answers, cells, strict=True)) == counts
    assert f"UAR {100 * uar(printed.stderr):.1f} %" in browser.find_element(By.ID, "reference").text
    names = [name.text for name in section.find_elements(By.CSS_SELECTOR, ".timeline .name")]
    assert "reference" in names

    browser.find_element(By.XPATH, "//button[.='Correct labels']").click()
    choice = section.find_elements(By.CSS_SELECTOR, "td.correct select")[1]
    Select(choice).select_by_visible_text("surprise")
    section.find_element(By.CSS_SELECTOR, ".speaker input").send_keys("anna")
    reference.unlink()
    text = downloaded(browser, "Download labels for training", reference)
    (row,) = csv.DictReader(text.splitlines())
    assert (row["path"], row["label"], row["speaker"]) == ("talk.wav", "surprise", "anna")
    lines = printed.stdout.splitlines()
    second = dict(zip(lines[0].split(","), lines[2].split(","), strict=True))
    for key in ("start", "end"):
        assert float(row[key]) == pytest.approx(float(second[f"{key}_s"]), abs=1e-3)
