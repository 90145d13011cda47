"""Trains the voice head on embeddings of every clip in several versions; the backbone is fixed.

Each clip gets a speaker baseline as the program collects it: 0 to 60 s of other clips of its voice,
often mostly neutral ones.
"""

import copy
import dataclasses

import numpy as np
import torch
from numpy.typing import NDArray

from ..config import HeadTraining
from ..data import splits
from ..evaluation import metrics
from ..evaluation.inference import embed_and_detect, embeddings_of, head_logits
from ..features.augment import augmented
from ..features.cache import Decibels
from ..features.windows import LONGEST, SHORTEST, opening, seconds_of
from ..files import write_json
from ..model.baseline import (
    FOLDER_S,
    Baselines,
    enrolled,
    of_all_speakers,
)
from ..model.heads import VoiceHead
from ..model.network import Network
from ..numeric import falling, softmax
from ..progress import bar
from ..runs import Run
from . import voice_change
from .calibration import Answers, fit_calibration
from .checkpoints import load_finished, save
from .enrolment import Versions, Voices
from .label_mix import fit_label_mix
from .losses import masked_loss
from .sampling import draw_probabilities
from .speech_head import fit_speech
from .task import Material, Task

# Versions per sound without speech, because there are few such sounds.
SOUND_VERSIONS = 8
SETTLED_S = 60.0


def versions_of(
    network: Network, task: Task, clips: list[list[Decibels]], count: int, seed: int
) -> Versions:
    """Embeds the clean first window of each clip, and `count` augmented random windows of it."""
    settings = task.config.augment
    pieces = []
    for number, sources in enumerate(clips):
        rng = np.random.default_rng([seed, number])
        pieces.append(opening(sources[0]))
        for _ in range(count):
            source = sources[-1] if rng.random() < settings.room else sources[0]
            frames = min(len(source), int(rng.integers(SHORTEST, LONGEST + 1)))
            pieces.append(augmented(source, frames, task.noises, settings, rng))
    shape = (len(clips), count + 1)
    return Versions(
        embeddings_of(network, pieces).reshape(*shape, -1), seconds_of(pieces).reshape(shape)
    )


def fit(
    head: VoiceHead,
    voices: Voices,
    targets: NDArray[np.float32],
    masks: NDArray[np.bool_],
    recipe: HeadTraining,
    seed: int,
) -> None:
    """Trains the weights; the learning rate falls along a cosine."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    optimizer = torch.optim.AdamW(
        head.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    head.train()
    for step in bar(range(recipe.steps), "voice head", " steps"):
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * falling(step, recipe.steps)
        clips, embeddings, known = voices.draw(recipe.batch, rng)
        spoken = torch.from_numpy(embeddings)
        logits = head.classify(
            spoken, torch.from_numpy(known.statistics), torch.from_numpy(known.seconds)
        )
        loss = masked_loss(
            logits,
            torch.from_numpy(targets[clips]),
            torch.from_numpy(masks[clips]),
            recipe.label_smoothing,
            recipe.absent,
        ).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    head.eval()


def start(head: VoiceHead, network: Network, versions: Versions) -> None:
    """Without a baseline, the voice head starts with the logits of the speaker-independent head.

    On other blocks than those of that head, it starts at zero.
    """
    rows = versions.embeddings.reshape(-1, head.width).astype(np.float64)
    head.mean.copy_(torch.from_numpy(rows.mean(axis=0)))
    head.spread.copy_(torch.from_numpy(rows.std(axis=0) + 1e-3))
    norm, independent = network.norm, network.head
    if network.voice_taps != network.taps:
        torch.nn.init.zeros_(head.head.weight)
        torch.nn.init.zeros_(head.head.bias)
        return
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    with torch.no_grad():
        head.head.weight.copy_(independent.weight * scale * head.spread)
        shift = norm.bias + (head.mean - norm.running_mean) * scale
        head.head.bias.copy_(independent.bias + independent.weight @ shift)


def learned_head(network: Network, task: Task) -> VoiceHead:
    """Embeds the training clips and sounds, and trains both heads on the finished backbone."""
    recipe = task.config.head
    assert recipe is not None
    head = network.with_voice(recipe.dropout, tuple(recipe.taps))
    assert network.speech is not None
    pooler = network.pooler(tuple(sorted({*network.voice_taps, *network.speech_taps})))
    # Augmentation changes the embeddings more than half precision does.
    pooler.use_half()
    pooled = versions_of(pooler, task, task.train.versions, recipe.versions, 1)
    learned = Versions(pooler.part(pooled.embeddings, network.voice_taps), pooled.seconds)
    start(head, network, learned)
    learned.embeddings = np.asarray(head.embed(torch.from_numpy(learned.embeddings)))
    voices = Voices(
        task.train.clips, learned, draw_probabilities(task.train.clips, task.config.data.weights)
    )
    fits = []
    for seed in range(task.config.train.seed, task.config.train.seed + recipe.seeds):
        learned_once = copy.deepcopy(head)
        fit(learned_once, voices, task.train.targets, task.masks, recipe, seed)
        fits.append(learned_once.state_dict())
    # The head is linear, so the mean of the weights gives the mean of the logits.
    head.load_state_dict({key: sum(f[key] for f in fits) / len(fits) for key in fits[0]})
    head.eval()
    if sounds := [[sound] for sound in task.sounds[splits.TRAIN]]:
        other = versions_of(pooler, task, sounds, SOUND_VERSIONS, 2).embeddings
        sounded = other.reshape(-1, other.shape[2])
        fit_speech(
            network.speech,
            pooler.part(pooled.embeddings, network.speech_taps),
            [clip.corpus for clip in task.train.clips],
            pooler.part(sounded, network.speech_taps),
            task.config.train.seed,
        )
    return head


def train_head(task: Task, run: Run) -> None:
    """Trains, validates and calibrates; writes the head beside the backbone."""
    network = load_finished(run)
    finish_head(network, learned_head(network, task), task, run)


def finish_head(network: Network, head: VoiceHead, task: Task, run: Run) -> None:
    """Everything of a trained head that comes from the validation speakers."""
    checked = versions_of(network, task, task.validation.versions, 0, 3)
    speakers = [clip.speaker for clip in task.validation.clips]
    embedded, seconds = checked.embeddings[:, 0], checked.seconds[:, 0]
    # All blocks but the last, which separates emotions; a single block is used as it is.
    earlier = network.width_of(network.voice_taps[:-1]) or network.width
    border = voice_change.border(embedded, seconds, speakers, earlier)
    assert task.config.head is not None
    if task.config.head.label_mix:
        fit_label_mix(head, embedded, task.validation.clips)
        extended = head.extended(torch.from_numpy(checked.embeddings))
        checked = Versions(np.asarray(extended.detach()), checked.seconds)
    answers = answered(head, task.validation, checked)
    validation: dict[str, float] = uars(answers, task.config.data.corpora)
    if sounds := [[sound] for sound in task.sounds[splits.VALIDATION]]:
        pieces = [opening(source) for (source,) in sounds]
        validation["sounds_refused"] = float(np.mean(embed_and_detect(network, pieces)[1] < 0.0))
    print({k: round(v, 4) for k, v in validation.items()}, flush=True)
    if border:
        print(border, flush=True)
        write_json(run.change, dataclasses.asdict(border))
    everything = Answers.joined(list(answers.values()))
    fitted = fit_calibration(everything.logits, everything.truth, everything.weights())
    assert network.speech is not None
    saved = {
        "head": head.state_dict(),
        "taps": network.voice_taps,
        "speech": network.speech.state_dict(),
        "validation": validation,
    }
    save(run.head, saved)
    write_json(run.calibration, dataclasses.asdict(fitted))
    everything.save(run.answers)
    if task.unseen.clips:
        strangers = versions_of(network, task, task.unseen.versions, 0, 4)
        found_unseen = answered(head, task.unseen, strangers)
        Answers.joined(list(found_unseen.values())).save(run.unseen)


def answered(head: VoiceHead, material: Material, versions: Versions) -> dict[str, Answers]:
    """Predictions for the clean clips: without a baseline, with a folder's, after 60 s."""
    embeddings, seconds = versions.embeddings[:, 0], versions.seconds[:, 0]
    corpora = np.asarray([clip.corpus for clip in material.clips])
    folder = Baselines.unknown(*embeddings.shape)
    for name in np.unique(corpora):
        mine = corpora == name
        shared = of_all_speakers(embeddings[mine], seconds[mine], FOLDER_S)
        folder.statistics[mine], folder.seconds[mine] = shared.statistics, shared.seconds
    speakers = [clip.speaker for clip in material.clips]
    after_60_s = enrolled(embeddings, seconds, speakers, SETTLED_S, np.random.default_rng(0))
    baselines = {
        "cold": Baselines.unknown(*embeddings.shape),
        "folder": folder,
        "settled": after_60_s,
    }
    return {
        name: Answers(
            head_logits(head, embeddings, known),
            material.truth,
            corpora,
            weight_of(head, known),
        )
        for name, known in baselines.items()
    }


def weight_of(head: VoiceHead, known: Baselines) -> NDArray[np.float64]:
    """Weight of the means of baselines against the prior, 0 to 1: [clips]."""
    weight, _ = head.weights(torch.from_numpy(known.statistics), torch.from_numpy(known.seconds))
    return np.asarray(weight[:, 0].double())


def uars(answers: dict[str, Answers], corpora: list[str]) -> dict[str, float]:
    """Mean over the corpora of the UAR with seven labels."""
    scores = {}
    for name, given in answers.items():
        probabilities = softmax(given.logits)
        mine = [given.corpora == corpus for corpus in corpora if corpus in given.corpora]
        scores[name] = float(np.mean([metrics.uar(probabilities[m], given.truth[m]) for m in mine]))
    return scores
