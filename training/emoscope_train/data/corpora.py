"""Reads corpora: a folder with a manifest.csv, or TESS as published."""

import csv
import hashlib
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from ..errors import CorpusError
from .labels import LABELS

NONE_STATED = "none stated"


@dataclass(frozen=True)
class Clip:
    """One recording. `path` is relative to the data folder; `label` is one of seven or empty."""

    path: str
    corpus: str
    speaker: str
    language: str
    text: str
    label: str
    fold: str = ""
    sex: str = ""
    # The corpus's own label.
    own: str = ""
    # Shares of the listeners' votes by label, in the order of LABELS, if the corpus has votes.
    votes: tuple[float, ...] = ()
    # Start and end in seconds, if the clip is a part of the recording.
    span: tuple[float, float] | None = None


@dataclass(frozen=True)
class About:
    """Facts about a corpus, as stated by its authors."""

    title: str
    language: str
    licence: str


ABOUT = {
    "tess": About("Toronto Emotional Speech Set, two actresses, acted", "en", "CC BY-NC-ND 4.0"),
    "ravdess": About("RAVDESS, North American English, acted", "en", "CC BY-NC-SA 4.0"),
    "emodb": About("Berlin Database of Emotional Speech, German, acted", "de", "CC0 1.0"),
    "nemo": About("nEMO, Polish, acted", "pl", "CC BY-NC-SA 4.0"),
    "ased": About("Amharic Speech Emotion Dataset, acted", "am", NONE_STATED),
    "urdu": About("URDU, talk shows, not acted", "ur", NONE_STATED + ' ("research")'),
    "turevdb": About("TurEV-DB, Turkish, single words, acted", "tr", "CC BY-NC-ND 4.0"),
    "cremad": About("CREMA-D, English, acted, with listeners' votes", "en", "ODbL 1.0"),
    "emotiontts": About("EmotionTTS Open DB, Korean, acted", "ko", "CC BY-NC-SA (research)"),
    "emospeech": About(
        "EmoSpeech, Hindi and Indian English keywords on phones, acted", "hi", "CC BY-NC-SA 4.0"
    ),
    "banglaser": About("BanglaSER, Bangla, acted on phones and laptops", "bn", "CC BY 4.0"),
    "esuem": About("ESUEM, Spanish, elicited from people who do not act", "es", NONE_STATED),
    "nonverbal": About("Deeply vocalizations: coughs, laughs, sighs", "-", "CC BY-NC-ND 4.0"),
    "baved": About("Basic Arabic Vocal Emotions Dataset, words, acted", "ar", NONE_STATED),
    "deeplyread": About("Deeply Korean read speech, two speakers", "ko", "CC BY-NC-ND 4.0"),
    "plain": About("LibriSpeech, read, taken as neutral", "en", "CC BY 4.0"),
    "noise": About("household sounds, ESC-10 and instruments", "", "licences: CC0, CC, research"),
    "rir": About("measured room responses", "", "licences: Apache-2.0, MIT, none stated"),
}

# The labels of emotiontts's sentences, by hundreds. Its documentation exchanges the last two, as do
# lists derived from it. But 301 to 400 are scolding texts, spoken with
# a high and bright angry voice, and 201 to 300 are sad texts, low and soft.
EMOTIONTTS_NAME = re.compile(r"(\d{5})\.\w+$")
EMOTIONTTS_LABELS = ("neutral", "happiness", "sadness", "anger")

TESS_NAME = re.compile(r"^(OAF?|YAF)_(.+?)_([a-z]+(?:_surprised?)?)\.(?:wav|aiff?)$", re.IGNORECASE)
TESS_LABELS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "ps": "surprise",
    "pleasant_surprise": "surprise",
    "pleasant_surprised": "surprise",
}


def read(data: Path) -> list[Clip]:
    """Every clip in `data`."""
    if not data.is_dir():
        raise CorpusError(f"no folder {data}; name the corpora's folder with --data")
    manifest = data / "manifest.csv"
    clips = read_manifest(manifest) if manifest.is_file() else []
    if not any(clip.corpus == "tess" for clip in clips):
        clips += read_tess(data)
    if not clips:
        raise CorpusError(
            f"{data} holds neither manifest.csv nor TESS; "
            "TESS is looked for by its names, as in OAF_angry/OAF_back_angry.wav"
        )
    return clips


def read_manifest(path: Path) -> list[Clip]:
    """The rows of a manifest.csv; its columns are checked."""
    with path.open(encoding="utf-8", newline="") as handle:
        rows = csv.DictReader(handle)
        needed = {"path", "corpus", "speaker", "language", "text", "label7", "emobox_fold"}
        if missing := needed - set(rows.fieldnames or []):
            raise CorpusError(f"{path} lacks the columns {', '.join(sorted(missing))}")
        clips = [
            Clip(
                path=row["path"],
                corpus=row["corpus"],
                speaker=row["speaker"],
                language=row["language"],
                text=row["text"],
                label=row["label7"],
                fold=row["emobox_fold"],
                sex=row.get("sex", ""),
                own=row.get("label", ""),
            )
            for row in rows
        ]
    for number, clip in enumerate(clips, start=2):
        if clip.label and clip.label not in LABELS:
            raise CorpusError(f"{path} line {number}: no such label {clip.label!r}")
    votes = read_votes(path.parent / "cremad-votes.csv")
    return [replace(corrected(clip), votes=votes.get(Path(clip.path).stem, ())) for clip in clips]


def read_votes(path: Path) -> dict[str, tuple[float, ...]]:
    """Shares of the votes of CREMA-D's listeners by clip name; empty without a file."""
    if not path.is_file():
        return {}
    columns = {"A": "anger", "D": "disgust", "F": "fear", "H": "happiness", "N": "neutral"}
    columns["S"] = "sadness"
    found = {}
    with path.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            counts = {label: float(row[column] or 0) for column, label in columns.items()}
            if total := sum(counts.values()):
                found[row["clip"]] = tuple(counts.get(label, 0.0) / total for label in LABELS)
    return found


# BanglaSER_Extended has one sentence per label, so the words would reveal the label.
EXTENDED = "banglaser/x"


def corrected(clip: Clip) -> Clip:
    """The clip with a corrected label where the corpus is wrong, or without one."""
    if clip.path.startswith(EXTENDED):
        return replace(clip, label="")
    found = EMOTIONTTS_NAME.search(clip.path) if clip.corpus == "emotiontts" else None
    place = (int(found[1]) - 1) // 100 if found else -1
    if place not in range(len(EMOTIONTTS_LABELS)):
        return clip
    label = EMOTIONTTS_LABELS[place]
    return replace(clip, label=label, own=label)


def parse_tess_name(name: str) -> tuple[str, str, str] | None:
    """Speaker, word and label from a published file name, in any case."""
    found = TESS_NAME.match(name)
    if not found:
        return None
    label = TESS_LABELS.get(found[3].lower())
    if label is None:
        return None
    # One published name has OA instead of OAF.
    speaker = "OAF" if found[1].upper().startswith("OA") else "YAF"
    return speaker, found[2].lower(), label


def read_tess(folder: Path) -> list[Clip]:
    """TESS as published, in folders or flat; duplicate files count once."""
    found: dict[str, Clip] = {}
    strange = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in {".wav", ".aif", ".aiff"}:
            continue
        if not re.match(r"^(OAF?|YAF)_", path.name, re.IGNORECASE):
            continue
        parsed = parse_tess_name(path.name)
        if parsed is None:
            strange.append(path.relative_to(folder).as_posix())
            continue
        speaker, word, label = parsed
        # The download contains a second copy of everything in a subfolder.
        key = f"{speaker}_{word}_{label}"
        if key not in found:
            relative = path.relative_to(folder).as_posix()
            found[key] = Clip(relative, "tess", f"tess_{speaker}", "en", word, label)
    if strange:
        raise CorpusError(
            f"{len(strange)} files look like TESS but name no known emotion, the first {strange[0]}"
        )
    return with_tess_folds(list(found.values()))


def with_tess_folds(clips: list[Clip]) -> list[Clip]:
    """A quarter of every speaker and label as fold 1, the rest as fold 0, as in EmoBox."""
    groups: dict[tuple[str, str], list[Clip]] = {}
    for clip in clips:
        groups.setdefault((clip.speaker, clip.label), []).append(clip)
    out = []
    for group in groups.values():
        group.sort(key=lambda clip: stable_hash(clip.speaker + clip.text + clip.label))
        quarter = len(group) // 4
        out += [
            Clip(**{**asdict(clip), "fold": "1" if place < quarter else "0"})
            for place, clip in enumerate(group)
        ]
    return sorted(out, key=lambda clip: clip.path)


def stable_hash(text: str) -> int:
    """A hash that is equal on every machine and in every run, unlike hash()."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def labels_of(clips: Iterable[Clip]) -> dict[str, list[str]]:
    """The labels of each corpus, in the order of LABELS."""
    have: dict[str, set[str]] = {}
    for clip in clips:
        if clip.label:
            have.setdefault(clip.corpus, set()).add(clip.label)
    return {corpus: [name for name in LABELS if name in found] for corpus, found in have.items()}


def write(clips: list[Clip], path: Path) -> None:
    """The clips as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        names = [field.name for field in fields(Clip) if field.name != "votes"]
        rows = csv.DictWriter(handle, names, extrasaction="ignore")
        rows.writeheader()
        rows.writerows(asdict(clip) for clip in clips)


def summary(clips: list[Clip]) -> list[dict[str, str | int]]:
    """One row per corpus: clips, speakers, licence."""
    rows: list[dict[str, str | int]] = []
    for corpus in dict.fromkeys(clip.corpus for clip in clips):
        mine = [clip for clip in clips if clip.corpus == corpus]
        about = ABOUT.get(corpus)
        rows.append(
            {
                "corpus": corpus,
                "language": mine[0].language,
                "clips": len(mine),
                "speakers": len({clip.speaker for clip in mine}),
                "licence": about.licence if about else NONE_STATED,
            }
        )
    return rows
