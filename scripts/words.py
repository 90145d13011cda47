"""Whether the repository speaks plainly: retired words, long sentences, crowded table cells.

    python3 scripts/words.py            checks every tracked text file
    python3 scripts/words.py FILE...    checks these alone

Three rules. No tracked text has a retired phrase or name. A sentence in the README or the
guides has at most 35 words. A table cell in the README holds at most one number.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LONGEST = 35

# A phrase, in any case, and what to write instead. A space also matches a line break.
PHRASES = {
    "a line each": "one per line",
    "afresh": "again, from the start",
    "anew": "again",
    "beforehand": "in advance, initial",
    "broke off|broken off|unbroken": "interrupted, uninterrupted",
    "by heart": "memorized",
    "for the eye": "for reading",
    "for good": "permanently",
    "goes on from": "continues from",
    "golden answers": "reference results",
    "(can|may|must|will) be heard": "is audible, is read, is decoded",
    "heard as": "read as, replaced by",
    "(was|were|never) heard of": "unseen",
    "never met": "unseen",
    "(every|one|no) mood": "label, emotion",
    "now and then": "at intervals",
    "nothing (of the voice )?known": "without a baseline",
    "of one'?s own": "your own, custom",
    "passed over": "skipped",
    "tells? no speakers apart": "does not track speakers",
    "holds? its tongue": "is silent, sends nothing",
    "its maker": "the manufacturer, by name",
    "judgements?": "prediction",
    "labels of people": "human labels",
    "lies? ready": "is buffered, is available",
    "misfit": "incompatible",
    "what it says of itself": "its metadata, its state",
    "taken up again": "resumed",
    "torn between": "equal probabilities",
    "unmet": "unseen",
    "voice gate": "VAD",
    "whoever": "anyone who, every speaker",
}
# A name in code, in this case alone, and what replaced it.
NAMES = {
    r"(fn|def) hear\w*": "push, update, process, drain or run",
    r"Followed": "speaker tracker",
    r"\w+_heard_\w+": "captured, decoded, detected or read",
    r"(un)?judged_\w+|Unjudged|Judgement|Judged": "analyzed, Prediction, AnalyzedPart",
    r"PooledClassifier|PooledNetwork": "Pooled",
    r"Judge(?=\b\W*(::|\{|<|\())|(struct|enum|trait|impl|use \S*::) ?Judge": "utterance classifier",
    r"(mod|crate::|super::|core::) ?gate|VoiceGate": "vad",
    r"TasteArgs": "DisplayArgs",
    r"Teller": "what it does",
    r"(struct|enum|trait|impl|use \S*::) ?(Passing|Watched|Following)": "what it holds",
    r"def (plain|standard)": "independent_logits, standardized",
    r"stumble\w*": "failpoint",
}
# Files that may say a retired word, and which one; without a word, any.
ALLOWED = {
    "scripts/words.py": "",
    # The name of a file in training runs.
    "training/emoscope_train/runs.py": "unmet",
    "tests/readers/test_words.py": "",
}
# Text by others, or data.
SKIPPED = re.compile(
    r"(^LICENSE|\.lock|requirements[^/]*\.txt|^(?!tests/schema/).*\.json|\.svg|\.snap|\.csv)$"
)
GUIDES = re.compile(
    r"^(README|CHANGELOG|CONTRIBUTING|docs/.*|(packaging|tests|training)/.*README)\.md$"
)

# Where a phrase may break: a space, or a line's end with the next line's comment mark.
GAP = r"(?:[ \t]+|[ \t]*\r?\n[ \t]*(?://[/!]?|\#|>|\*|-)?[ \t]*)"
NUMBER = re.compile(r"(?<![\w.])[+-]?\d[\d.,]*(?![\w])")


def patterns() -> list[tuple[re.Pattern[str], str]]:
    """Every retired word as an expression, with its replacement."""
    found = [
        (re.compile(r"\b" + phrase.replace(" ", GAP) + r"\b", re.IGNORECASE), instead)
        for phrase, instead in PHRASES.items()
    ]
    return found + [(re.compile(rf"\b(?:{name})\b"), instead) for name, instead in NAMES.items()]


def retired(name: str, text: str) -> Iterator[str]:
    """A message for each retired word in a file."""
    for pattern, instead in patterns():
        for match in pattern.finditer(text):
            word = " ".join(match[0].split())
            allowed = ALLOWED.get(name)
            if allowed is not None and allowed in word.lower():
                continue
            line = text.count("\n", 0, match.start()) + 1
            yield f"{name}:{line}: retired: {word!r}; write: {instead}"


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Line and text of every paragraph, list item, heading and table cell of a Markdown page."""
    blank = re.compile(r"^```.*?^```[^\n]*$|<!--.*?-->", re.DOTALL | re.MULTILINE)
    text = blank.sub(lambda match: "\n" * match[0].count("\n"), text)
    start, block = 0, ""
    for number, line in enumerate([*text.splitlines(), ""], 1):
        cells = line.strip().startswith("|")
        if block and (cells or not line.strip() or re.match(r"\s*([-*]|\d+\.|#+) ", line)):
            yield start, block
            block = ""
        if cells:
            yield from ((number, cell) for cell in split_row(line))
        elif line.strip():
            start = start if block else number
            block += " " + re.sub(r"^\s*([-*]|\d+\.|#+|>) ", "", line).strip()


def split_row(line: str) -> list[str]:
    """The cells of a table's row; a bar within code or behind a backslash is no border."""
    line = re.sub(r"`[^`]*`", lambda code: code[0].replace("|", "/"), line.strip())
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]


def plain(text: str) -> str:
    """Markdown as it is read: links as their words, code as one word, no emphasis."""
    text = re.sub(r"!?\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])", r"\1", text)
    return re.sub(r"`[^`]*`", "code", text).replace("**", "")


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph."""
    return re.split(r"(?<!\be\.g)(?<!\bi\.e)(?<=[.!?])[)\"']?\s+", plain(text))


def long_sentences(name: str, text: str) -> Iterator[str]:
    """A message for each sentence that is too long."""
    for line, block in prose(text):
        for sentence in sentences(block):
            words = [word for word in sentence.split() if re.search(r"\w", word)]
            if len(words) > LONGEST:
                begin = " ".join(words[:6])
                yield f"{name}:{line}: {len(words)} words, at most {LONGEST}: {begin} ..."


def crowded_cells(name: str, text: str) -> Iterator[str]:
    """A message for each table cell with more than one number."""
    for line, row in enumerate(text.splitlines(), 1):
        for cell in split_row(row) if row.startswith("|") else []:
            numbers = NUMBER.findall(re.sub(r"`[^`]*`|\]\([^)]*\)", "", cell))
            if len(numbers) > 1:
                yield f"{name}:{line}: {len(numbers)} numbers in a cell: {cell}"


def problems(name: str, text: str) -> Iterator[str]:
    """All messages about a file; `name` is its path in the repository."""
    yield from retired(name, text)
    if GUIDES.match(name):
        yield from long_sentences(name, text)
    if name == "README.md":
        yield from crowded_cells(name, text)


def tracked() -> list[str]:
    """Every tracked text of this project; links are skipped, because their targets are read."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    names = listed.stdout.rstrip("\0").split("\0")
    return [name for name in names if not (SKIPPED.search(name) or (ROOT / name).is_symlink())]


def main(names: list[str]) -> int:
    """Prints every problem."""
    found = 0
    for name in names or tracked():
        try:
            text = (ROOT / name).read_text()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # no text, or deleted and not yet committed
        for message in problems(name, text):
            print(message, file=sys.stderr)
            found += 1
    return found > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
