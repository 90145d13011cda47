"""Lists clips with labels and speakers, from a folder per label or a manifest."""

import csv
import math
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ..data.corpora import Clip
from ..errors import CorpusError, UserError

AUDIO = {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".caf", ".au", ".w64"}
# The program's label for predictions below the thresholds.
RESERVED = "uncertain"
TRAIN, TEST = "train", "test"
# Fewest clips of a label.
FEWEST = 4
# Most names in a message.
NAMED = 5


@dataclass
class Listed:
    """The clips, their labels in the order of the model, and the side of each where it was given.

    A clip's `path` is absolute; its `speaker` is empty if it is unknown.
    """

    source: Path
    labels: list[str]
    clips: list[Clip]
    sides: dict[str, str] = field(default_factory=dict)
    # How to name the speakers, for messages.
    remedy: str = ""


def read(
    source: Path, name: str, speaker: re.Pattern[str] | None = None, labels: list[str] | None = None
) -> Listed:
    """The clips of a folder or of a manifest; `labels` chooses and orders.

    Raises `CorpusError` if there are too few, or if something is missing or repeated.
    """
    if source.is_dir():
        listed = read_folder(source, name, speaker)
    elif source.is_file():
        listed = read_manifest(source, name, speaker)
    else:
        raise UserError(
            f"no {source}; name a folder with a folder per label, or a CSV file with the columns "
            "path,label,speaker"
        )
    if not listed.clips:
        raise CorpusError(f"{source} holds no recording; {layout()}")
    present = sorted({clip.label for clip in listed.clips})
    if labels:
        if missing := [label for label in labels if label not in present]:
            raise UserError(
                f"{source} has no clip of {', '.join(missing)}; it has {', '.join(present)}"
            )
        listed.clips = [clip for clip in listed.clips if clip.label in labels]
        present = labels
    listed.labels = present
    check(listed)
    return listed


def layout() -> str:
    """How a folder should look."""
    return (
        "expected LABEL/SPEAKER/clip.wav, or LABEL/clip.wav with --speaker REGEX, in "
        f"{', '.join(sorted(AUDIO))}"
    )


def read_folder(folder: Path, name: str, speaker: re.Pattern[str] | None) -> Listed:
    """Labels from the first folder level, speakers from the second."""
    clips, loose, nameless = [], [], []
    for path in recordings(folder):
        parts = path.relative_to(folder).parts
        if len(parts) < 2:
            loose.append(parts[0])
            continue
        who = parts[1] if len(parts) > 2 else ""
        if speaker:
            who = matched(speaker, path.name)
            if not who:
                nameless.append(path.name)
        clips.append(Clip(str(path.absolute()), name, who, "", "", parts[0].strip()))
    if loose:
        raise CorpusError(
            f"{folder} has recordings outside of any label's folder, the first {loose[0]}; "
            f"{layout()}"
        )
    if nameless:
        raise unmatched(speaker, nameless)
    remedy = (
        f"move the clips into a folder per speaker ({folder.name}/LABEL/SPEAKER/clip.wav), or "
        "take the speaker from the file names, for example --speaker '^([^_]+)_'"
    )
    return Listed(folder, [], clips, remedy=remedy)


def recordings(folder: Path) -> list[Path]:
    """Recordings by extension, at any depth, following links; hidden files are skipped."""
    paths = []
    for here, folders, files in os.walk(folder, followlinks=True):
        # A link to a parent folder would recurse forever.
        above = f"{os.path.realpath(here)}/"
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and not above.startswith(f"{os.path.realpath(os.path.join(here, name))}/")
        ]
        paths += [Path(here, name) for name in files if not name.startswith(".")]
    return sorted(path for path in paths if path.suffix.lower() in AUDIO and path.is_file())


def matched(speaker: re.Pattern[str], name: str) -> str:
    """The first group of the match in a file name, or all of it; empty where there is none."""
    match = speaker.search(name)
    if not match:
        return ""
    return (match[1] if speaker.groups else match[0]) or ""


def unmatched(speaker: re.Pattern[str] | None, names: list[str]) -> UserError:
    pattern = speaker.pattern if speaker else ""
    return UserError(
        f"--speaker {pattern!r} finds no speaker in {len(names)} file names, the first {names[0]}"
    )


def read_manifest(manifest: Path, name: str, speaker: re.Pattern[str] | None) -> Listed:
    """`path,label,speaker`, optionally `split` (train or test) and `start,end` in seconds.

    Paths are relative to the manifest.
    """
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as handle:
            rows = csv.DictReader(handle)
            columns = [column.strip() for column in rows.fieldnames or []]
            rows.fieldnames = columns
            table = [(rows.line_num, row) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"cannot read {manifest}: {error}; it should be CSV in UTF-8") from error
    if missing := [column for column in ("path", "label") if column not in columns]:
        raise CorpusError(
            f"{manifest} lacks the column {' and '.join(missing)}; its first line should be "
            f"path,label,speaker and is {','.join(columns) or 'empty'}"
        )
    clips: list[Clip] = []
    sides: dict[str, str] = {}
    lines: dict[tuple[str, tuple[float, float] | None], int] = {}
    nameless = []
    for line, row in table:
        names = ("path", "label", "speaker", "split", "start", "end")
        cell = {key: (row.get(key) or "").strip() for key in names}
        where = f"{manifest} line {line}"
        if not cell["path"] or not cell["label"]:
            raise CorpusError(f"{where}: path or label is empty")
        path = manifest.parent / cell["path"]
        if not path.is_file():
            raise CorpusError(f"{where}: no file {path}; paths start from the manifest's folder")
        key = os.path.normpath(path.absolute())
        part = span(cell["start"], cell["end"], where)
        if (key, part) in lines:
            raise CorpusError(f"{where}: {cell['path']} is on line {lines[key, part]} already")
        lines[key, part] = line
        who = cell["speaker"]
        if speaker and not who:
            who = matched(speaker, path.name)
            if not who:
                nameless.append(path.name)
        clips.append(Clip(key, name, who, "", "", cell["label"], span=part))
        if "split" in columns:
            if cell["split"] not in (TRAIN, TEST):
                raise CorpusError(f"{where}: split is {cell['split']!r}; expected train or test")
            if sides.setdefault(key, cell["split"]) != cell["split"]:
                raise CorpusError(f"{where}: {cell['path']} has another split above")
    if nameless:
        raise unmatched(speaker, nameless)
    if "speaker" in columns:
        empty = [lines[clip.path, clip.span] for clip in clips if not clip.speaker]
        shown = ", ".join(map(str, empty[:NAMED])) + (", ..." if len(empty) > NAMED else "")
        remedy = f"fill the column speaker of {manifest.name} (empty on line {shown})"
    else:
        remedy = f"add a column speaker to {manifest.name}: path,label,speaker"
    remedy += ", or take it from the file names, for example --speaker '^([^_]+)_'"
    return Listed(manifest, [], clips, sides, remedy)


def span(start: str, end: str, where: str) -> tuple[float, float] | None:
    """The time span of a row; None for the whole recording."""
    if not start and not end:
        return None
    try:
        part = (float(start), float(end))
    except ValueError as error:
        raise CorpusError(f"{where}: start and end should be seconds, both or none") from error
    if not 0 <= part[0] < part[1] < math.inf:
        raise CorpusError(f"{where}: the end should be after the start")
    return part


def check(listed: Listed) -> None:
    """Rejects labels that the program would reject, or that have too few clips."""
    source, counts = listed.source, Counter(clip.label for clip in listed.clips)
    if len(listed.labels) < 2:
        raise CorpusError(f"{source} has one label, {listed.labels[0]}; there must be at least two")
    if RESERVED in counts:
        raise CorpusError(
            f"{source}: the label {RESERVED} is the program's own word for no sure label; "
            "choose another name"
        )
    if few := [label for label in listed.labels if counts[label] < FEWEST]:
        raise CorpusError(
            f"{source} has too few clips of {', '.join(few)}: at least {FEWEST} are needed; add "
            "some, or leave the label out with --labels"
        )
