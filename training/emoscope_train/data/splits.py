"""Training, validation and test sides; no speaker is on two sides (except TESS stratified)."""

from collections.abc import Callable, Iterable

from ..errors import CorpusError, UserError
from .corpora import Clip, stable_hash

TRAIN, VALIDATION, TEST = "train", "validation", "test"
ROLES = (TRAIN, VALIDATION, TEST)
# Shares of the speakers of a corpus, at least one each.
TEST_SHARE, VALIDATION_SHARE = 0.20, 0.15
# RAVDESS has published folds that share no speaker: four speakers each.
RAVDESS_TEST, RAVDESS_VALIDATION = "1", "2"
# A corpus with this many sentences keeps a share of them for the test alone.
MANY_TEXTS, OPEN_SHARE = 10, 0.12
# Corpora with too few speakers for a test side.
TRAIN_ONLY = {"tess"}

# Labelled corpora; each is left out once, alone or with others.
CORPORA = [
    "tess", "ravdess", "emodb", "nemo", "ased", "urdu",
    "turevdb", "cremad", "emotiontts", "emospeech", "banglaser", "esuem",
]  # fmt: skip

WITHOUT = "without-"
EVERYTHING = "everything"

Assignment = dict[str, str]


def speakers(clips: list[Clip]) -> Assignment:
    """Held-out speakers within every corpus; other sounds are split in the same way."""
    out: Assignment = {}
    for corpus in dict.fromkeys(clip.corpus for clip in clips):
        mine = [clip for clip in clips if clip.corpus == corpus]
        if corpus in TRAIN_ONLY:
            out |= {clip.path: TRAIN for clip in mine}
        elif corpus == "ravdess" and all(clip.fold for clip in mine):
            roles = {RAVDESS_TEST: TEST, RAVDESS_VALIDATION: VALIDATION}
            out |= {clip.path: roles.get(clip.fold, TRAIN) for clip in mine}
        else:
            parts = share({clip.speaker for clip in mine})
            test_texts = open_texts(mine)
            out |= {
                clip.path: parts[clip.speaker]
                for clip in mine
                if parts[clip.speaker] == TEST or clip.text not in test_texts
            }
    return out


def everything(clips: list[Clip]) -> Assignment:
    """Validation speakers only; the test speakers and sentences are in training too."""
    roles = speakers(clips)
    validating = {c.speaker for c in clips if roles.get(c.path) == VALIDATION}
    # Validation speakers' clips with test sentences are excluded.
    return {
        c.path: VALIDATION if c.speaker in validating else TRAIN
        for c in clips
        if c.speaker not in validating or c.path in roles
    }


def without(corpora: list[str]) -> Callable[[list[Clip]], Assignment]:
    """Tests on corpora, and so mostly on languages, that are not in training."""

    def assign(clips: list[Clip]) -> Assignment:
        return everything([c for c in clips if c.corpus not in corpora]) | {
            clip.path: TEST for clip in clips if clip.corpus in corpora
        }

    return assign


def sounds(clips: list[Clip]) -> Assignment:
    """Splits noises and other sounds by person; files without a person are assigned one by one."""
    names = {c.path: c.path if c.corpus == "noise" else c.speaker for c in clips}
    parts = share(set(names.values())) if names else {}
    return {path: parts[name] for path, name in names.items()}


def open_texts(clips: list[Clip]) -> set[str]:
    """The sentences of one corpus that only occur in the test."""
    texts = sorted({clip.text for clip in clips if clip.text}, key=stable_hash)
    if len(texts) < MANY_TEXTS or clips[0].corpus in TRAIN_ONLY:
        return set()
    return set(texts[: round(OPEN_SHARE * len(texts))])


def share(names: Iterable[str]) -> dict[str, str]:
    """Assigns names to shares by a stable hash, so that a new name moves few others."""
    order = sorted(names, key=stable_hash)
    tests = max(1, round(TEST_SHARE * len(order)))
    validations = max(1, round(VALIDATION_SHARE * len(order)))
    roles = [TEST] * tests + [VALIDATION] * validations
    roles += [TRAIN] * max(0, len(order) - len(roles))
    return dict(zip(order, roles, strict=False))


def tess_stratified(clips: list[Clip]) -> Assignment:
    """EmoBox's split: both actresses on both sides, which gives too high figures."""
    return {
        clip.path: TEST if clip.fold == "1" else _validation_word(clip)
        for clip in clips
        if clip.corpus == "tess"
    }


def tess_across(train_speaker: str) -> Callable[[list[Clip]], Assignment]:
    """Trains on one actress, tests on the other; validation words come from the first."""

    def assign(clips: list[Clip]) -> Assignment:
        return {
            clip.path: _validation_word(clip) if clip.speaker == train_speaker else TEST
            for clip in clips
            if clip.corpus == "tess"
        }

    return assign


def _validation_word(clip: Clip) -> str:
    return VALIDATION if stable_hash(clip.text) % 100 < 15 else TRAIN


SPLITS: dict[str, Callable[[list[Clip]], Assignment]] = {
    "speakers": speakers,
    EVERYTHING: everything,
    "stratified": tess_stratified,
    "oaf-to-yaf": tess_across("tess_OAF"),
    "yaf-to-oaf": tess_across("tess_YAF"),
}


def left_out_of(name: str) -> list[str]:
    """The corpora that a split `without-A` or `without-A-B` leaves out; empty for other splits."""
    return name.removeprefix(WITHOUT).split("-") if name.startswith(WITHOUT) else []


def exists(name: str) -> bool:
    """Whether `name` is a split."""
    corpora = left_out_of(name)
    return name in SPLITS or (bool(corpora) and set(corpora) <= set(CORPORA))


def assign(name: str, clips: list[Clip]) -> Assignment:
    """The named split, checked."""
    if not exists(name):
        raise UserError(
            f"no split {name!r}; there are {', '.join(SPLITS)} and {WITHOUT}CORPUS, or "
            f"{WITHOUT}CORPUS-CORPUS, of {', '.join(CORPORA)}"
        )
    assignment = (without(left_out_of(name)) if name not in SPLITS else SPLITS[name])(clips)
    if not assignment:
        raise CorpusError(f"the split {name!r} finds none of its clips")
    if name != "stratified" and (crossing := crossing_speakers(clips, assignment)):
        raise CorpusError(f"speakers on two sides of {name!r}: {', '.join(sorted(crossing)[:5])}")
    return assignment


def crossing_speakers(clips: Iterable[Clip], assignment: Assignment) -> set[str]:
    """Speakers in the test who are also in training or validation.

    Validation speakers may be in training only for TESS, where training has a single actress.
    """
    sides: dict[str, set[str]] = {}
    for clip in clips:
        if clip.path in assignment and clip.corpus != "noise":
            sides.setdefault(clip.speaker, set()).add(assignment[clip.path])
    allowed = {TRAIN, VALIDATION}
    return {
        speaker
        for speaker, found in sides.items()
        if len(found) > 1 and not (speaker.startswith("tess_") and found <= allowed)
    }
