"""`own`: from a folder or a manifest to a model with its report."""

import dataclasses
import hashlib
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..data.corpora import NONE_STATED, Clip
from ..errors import CorpusError, UserError
from ..export import binary, golden
from ..export.model_spec import Calibration, Metadata, Tuning, VoiceChange
from ..export.onnx_runtime import embed, run_onnx, session
from ..files import write_json, write_text
from ..model.baseline import Baselines
from ..numeric import softmax
from ..reporting import figures
from ..reporting.tables import percent
from . import card, folds
from .clips import NAMED, TEST, TRAIN, Listed, read
from .embeddings import Embedded, embed_clips
from .fit import fit
from .graft import BaseModel, Head, relative
from .measure import classify_all, held_out
from .measure import figures as measured

COLORS = ("red", "magenta", "yellow", "blue", "cyan", "plain", "dim")
SHIPPED = Path(__file__).parents[3] / "models" / "voices" / "model.onnx"
# Least share of clips without speech that causes a note.
MUCH_REFUSED = 0.05
FEW_CLIPS = 20


@dataclasses.dataclass
class Request:
    """The options of `own`."""

    source: Path
    name: str
    output: Path
    work: Path
    speaker: str = ""
    labels: list[str] = dataclasses.field(default_factory=list)
    colors: dict[str, str] = dataclasses.field(default_factory=dict)
    licence: str = NONE_STATED
    pretrained: Path = SHIPPED
    threads: int = 1
    program: Path | None = None


def make(request: Request) -> int:
    """Exit status 0 with a model, or 1 and no file if an engine differs from the trained head."""
    check(request)
    base = BaseModel(request.pretrained)
    pattern = re.compile(request.speaker) if request.speaker else None
    listed = read(request.source, request.name, pattern, request.labels)
    reasons = folds.refusals(listed)
    announce(listed)
    embedded = embed_clips(listed.clips, base.path, request.work, request.threads)
    learned, tested = two_sides(listed, embedded)
    truth = np.asarray([listed.labels.index(clip.label) for clip in listed.clips], dtype=np.int64)

    def side(places: NDArray[np.int64]) -> tuple[list[Clip], NDArray[np.int64], Embedded]:
        return [listed.clips[place] for place in places], truth[places], embedded.of(places)

    answers = held_out(base, *side(learned), len(listed.labels))
    calibration = answers.calibration()
    clips, wanted, material = side(learned)
    head = fit(base, clips, wanted, material.versions, len(listed.labels))
    results = None
    if not reasons and len(tested):
        test_clips, answer, versions = side(tested)
        test = classify_all(base, head, test_clips, answer, versions)
        results = measured(test, listed.labels, calibration)
    elif not reasons:
        results = measured(answers, listed.labels, None)
    facts = describe(request, base, listed, embedded, reasons, results)
    facts["calibration"] = dataclasses.asdict(calibration)
    return write(request, base, head, listed, calibration, facts)


def check(request: Request) -> None:
    """Rejects wrong options immediately instead of after minutes."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", request.name):
        raise UserError(f"--name {request.name!r}: letters, digits, '.', '_' and '-' alone")
    try:
        re.compile(request.speaker)
    except re.error as error:
        raise UserError(
            f"--speaker {request.speaker!r} is no regular expression: {error}"
        ) from error
    for label, color in request.colors.items():
        if color not in COLORS:
            raise UserError(f"--colors {label}={color}: there are {', '.join(COLORS)}")


def announce(listed: Listed) -> None:
    """Prints the clips and labels before the long step, so that mistakes show early."""
    speakers = sorted({clip.speaker for clip in listed.clips if clip.speaker})
    shown = ", ".join(speakers[:NAMED]) + (", ..." if len(speakers) > NAMED else "")
    counts = Counter(clip.label for clip in listed.clips)
    print(f"{len(listed.clips)} clips: " + ", ".join(f"{n} {counts[n]}" for n in listed.labels))
    print(f"{len(speakers)} speakers: {shown}" if speakers else "speakers unknown", flush=True)


def two_sides(listed: Listed, embedded: Embedded) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the training clips, and of the clips that the manifest keeps for the test."""
    side = [listed.sides.get(clip.path, TRAIN) for clip in listed.clips]
    tested = np.asarray([p for p, s in enumerate(side) if s == TEST], dtype=np.int64)
    learned = np.asarray([p for p, s in enumerate(side) if s == TRAIN], dtype=np.int64)
    learned = folds.without_copies(learned, tested, embedded.copies())
    have = {listed.clips[place].label for place in learned}
    if missing := [label for label in listed.labels if label not in have]:
        raise CorpusError(
            f"{listed.source}: no clip of {', '.join(missing)} with split train, so it cannot be "
            "learned"
        )
    return learned, tested


def describe(
    request: Request,
    base: BaseModel,
    listed: Listed,
    embedded: Embedded,
    reasons: list[str],
    results: dict[str, Any] | None,
) -> dict[str, Any]:
    """The content of metrics.json and the card."""
    speakers = {clip.speaker for clip in listed.clips if clip.speaker}
    counts = Counter(clip.label for clip in listed.clips)
    own = {
        "corpus": request.name,
        "language": "",
        "clips": len(listed.clips),
        "speakers": len(speakers),
        "licence": request.licence,
    }
    overlap = json.loads(base.entry("training_data") or "[]")
    training = [*overlap, own]
    return {
        "name": request.name,
        "version": __version__,
        "labels": listed.labels,
        "clips": len(listed.clips),
        "clips_by_label": {label: counts[label] for label in listed.labels},
        "speakers": len(speakers),
        "refused": reasons,
        "figures": results,
        "calibrated_on_speakers": len(speakers) > 1 and all(c.speaker for c in listed.clips),
        "notes": notes(listed, embedded, counts, len(speakers), [row["corpus"] for row in overlap]),
        "backbone": {
            "name": base.model.graph.name,
            "sha256": hashlib.sha256(base.path.read_bytes()).hexdigest(),
        },
        "training_data": training,
        "licences": sorted({row["licence"] for row in training}),
    }


def notes(
    listed: Listed, embedded: Embedded, counts: Counter[str], speakers: int, overlap: list[str]
) -> list[str]:
    """Notes about the clips."""
    out = []
    if few := [label for label in listed.labels if counts[label] < FEW_CLIPS]:
        out.append(
            f"fewer than {FEW_CLIPS} clips of {', '.join(few)}: expect figures that depend on "
            f"chance"
        )
    if speakers and speakers == len(listed.clips):
        out.append(
            "every clip has its own speaker; if that is wrong, --speaker or the column "
            "speaker takes the clip for the voice, and the figures are too good"
        )
    copies = embedded.copies()
    other = [(a, b) for a, b in copies if listed.clips[a].label != listed.clips[b].label]
    if copies:
        out.append(f"{len(copies)} pairs of clips are the same recording, kept on one side")
    for a, b in other[:NAMED]:
        one, two = listed.clips[a], listed.clips[b]
        out.append(
            f"the same recording is called {one.label} ({one.path}) and {two.label} ({two.path}): "
            "one of the two is wrong"
        )
    refused = np.flatnonzero(embedded.speech < 0.0)
    if len(refused) > MUCH_REFUSED * len(embedded.speech):
        out.append(
            f"{len(refused)} of {len(embedded.speech)} clips are not speech to the model, the "
            f"first "
            f"{listed.clips[refused[0]].path}; the program says `uncertain` there"
        )
    if overlap:
        out.append(
            f"the base model was trained on {', '.join(overlap)}: for clips of these, the "
            f"figures are too "
            "good"
        )
    return out


def write(
    request: Request,
    base: BaseModel,
    head: Head,
    listed: Listed,
    calibration: Calibration,
    facts: dict[str, Any],
) -> int:
    """Writes the model, compares it with the trained head, and writes its report."""
    model = request.output / "model.onnx"
    colors = {label: request.colors[label] for label in listed.labels if label in request.colors}
    metadata = Metadata(calibration, facts["training_data"], listed.labels, colors)
    keep(base, metadata)
    base.graft(head, request.name, metadata, model)
    checks = [("ONNX Runtime", gap(base, head, model, calibration), golden.TOLERANCE)]
    if request.program:
        runtime = session(model)

        def predict(window: NDArray[np.float64]) -> NDArray[np.float64]:
            return softmax(run_onnx(runtime, window), calibration.temperature)

        difference = binary.gap(predict, model, request.program, listed.labels)
        checks.append((request.program.name, difference, binary.TOLERANCE))
    for name, difference, allowed in checks:
        if difference > allowed:
            model.unlink()
            print(
                f"emoscope_train: {name} differs from what was learned by {difference:.1e}, "
                f"allowed is {allowed:.0e}; {model} was removed",
                file=sys.stderr,
            )
            return 1
    write_json(request.output / "metrics.json", facts)
    if results := facts["figures"]:
        title = "unseen speakers"
        matrix = results["test"]["confusion"]
        path = request.output / "figures" / "confusion.png"
        figures.confusion(matrix, title, path, listed.labels)
    write_text(request.output / "card.md", card.render(facts))
    report(request, facts, model)
    return 0


def keep(base: BaseModel, metadata: Metadata) -> None:
    """Copies what belongs to the unchanged backbone and speech head: steps, state, constants."""
    if stream := base.entry("stream"):
        metadata.stream = json.loads(stream)
    if change := base.entry("voice_change"):
        metadata.voice_change = VoiceChange(**json.loads(change))
    tuning = base.entry("tuning")
    metadata.tuning = Tuning(**json.loads(tuning)) if tuning else Tuning()


def gap(base: BaseModel, head: Head, model: Path, calibration: Calibration) -> float:
    """Largest difference in probability between the file and the head, without a baseline."""
    runtime, source = session(model), session(base.path)
    gaps = []
    for case in golden.inputs().values():
        embeddings, _ = embed(source, [case])
        for enrolment_s in (0.0, golden.SETTLED_S):
            baselines = Baselines.unknown(1, embeddings.shape[1])
            statistics, _ = golden.baseline(embeddings.shape[1])
            baselines.statistics[0], baselines.seconds[0] = statistics, enrolment_s
            ours = head.classify(
                relative(embeddings, baselines), base.base_logits(embeddings, baselines)
            )[0]
            theirs = run_onnx(runtime, case, statistics, enrolment_s)
            warmth = calibration.temperature
            gaps.append(np.abs(softmax(ours, warmth) - softmax(theirs, warmth)).max())
    return float(max(gaps))


def report(request: Request, facts: dict[str, Any], model: Path) -> None:
    """The last lines: the accuracy, or why it was not measured."""
    if results := facts["figures"]:
        test, spread = results["test"], results["uar_spread"]
        by_voice = f"by speaker {percent(results['uar_mean'])}"
        by_voice += f" ± {percent(spread)}" if spread is not None else ""
        print(
            f"UAR {percent(test['uar'])} on unseen speakers ({by_voice}; "
            f"chance {percent(1.0 / len(facts['labels']))})"
        )
    for reason in facts["refused"]:
        print(f"no accuracy: {reason}", file=sys.stderr)
    for note in facts["notes"]:
        print(f"note: {note}")
    print(f"wrote {model} and {request.output / 'card.md'}")
    print(f"try: emoscope --model {model}")
