"""The fixed paragraphs of a card."""

INTRODUCTION = """\
Input: {inputs}. Output: logits of {labels}. {parameters:,} parameters: {network}. Gain has no
effect, because the network normalises the level. The [glossary](../../docs/glossary.md) defines
the terms.
"""

USE = """\
## Intended use

The model says which emotion a voice **expresses as listeners perceive it**. It does not know what
a person feels. Its training data is acted speech{felt}. Real life is quieter and more mixed.

- Use it for display, exploration, teaching, and research on expression.
- Do not use it for decisions about a person, for diagnosis, for lie detection or for hiring.

For comparison: one listener who hears only the voices of CREMA-D reaches about 41 % UAR on six
emotions.
"""

LIMITS = """\
## Limits

- Speakers, languages, rooms and microphones unlike the training data lower the accuracy, without a
  warning.
- The model mostly detects arousal. It confuses anger with happiness, and neutral with sadness.
- Short windows, noise, singing, laughter, shouting, children and whispering are difficult.
- Below the thresholds the label is `uncertain`. A confident prediction can still be wrong.
- If the corpora of a language lack a label, the model was not trained on that label there.
- Do not use it in the workplace or in education. Inferring emotions there is prohibited in the
  European Union (AI Act, Art. 5(1)(f)).
"""

ONE_LABEL = """\
- If a voice expresses one emotion for minutes, its baseline moves towards it. The predictions
  then become milder (`alike` in the tables).
"""

TESS = """\
**Do not compare the two kinds of figures.** In TESS two actresses say the same 200 words in one
carrier phrase. The stratified split trains and tests on both of them. A network that knows these
two voices scores near 100 %, which says nothing about a new voice. The other rows train on one
actress and test on the other, with the same recipe. No row estimates the accuracy for other
people; the card of `voices` does.
"""

ENROLMENT = """\
Enrolment is other clips of the same speaker, with any label. With `neutral first`, neutral clips
come first. With `alike`, the clips have the label of the tested clip.
"""

LEFT_OUT = """\
### Unseen corpora

Each corpus is left out of one training, and the model of this training is tested on all of it.
{groups}These models train for {epochs} epochs of {clips_per_epoch} clips. UAR counts only the
labels that the corpus has. With `folder`, all clips of the corpus share a baseline with the weight
of 3 s, as in `analyze`. A larger weight raises the UAR (20 s: 1 to 5 points), but the model then
labels neutral reading as anger or fear.

"""

EMOTIONTTS = """\
In emotiontts, sentences 201 to 300 count as sadness and 301 to 400 as anger. Its documentation
swaps the two names. The words, the voices and the predictions of models without this corpus
all contradict it.
"""

FOUR = """\
### Four labels, zero-shot

UAR among anger, happiness, neutral and sadness on corpora that were left out, by seconds of
enrolment. `labels` is the number of these four that the corpus has.

"""

PUBLISHED = """\
For comparison, audEERING's tests of large models: their zero-shot UAR, without enrolment. The mean
is over eight unseen corpora.

"""

RECALL = """\
### Recall by label on unseen corpora

All seven labels compete. The recall is averaged over the corpora that have the label.

"""

LISTENERS = """\
The labels of {corpus} are what the actors intended. Its listeners perceived something else in
many clips: a single listener reaches {one} UAR on the intended labels, and the majority of the
listeners {majority}. With the majority's label as the truth ({clips} clips without a tie), the
model reaches {cold} UAR without a baseline and {enrolled} after 60 s of enrolment.
"""

FOLDS = """\
### Unseen speakers within one corpus

The backbone that was trained without the corpus is fine-tuned on a part of the corpus's speakers,
with its labels, and tested on the others. The recipe is `[folds]` in the config;
it was set in advance and not tuned. RAVDESS uses EmoBox's six folds, with calm as an additional
label. TESS has one fold per actress, and the other corpora have five groups of speakers. The
figures are the UAR by seconds of enrolment, averaged over the folds. `program` is
`emoscope analyze --model` on the single clips, with its VAD; a clip without an utterance counts as
wrong. All speakers say the same sentences.

"""

PAIRS = """\
### One corpus to another

The published backbone is fine-tuned on one corpus, with about 8000 clips drawn from it, and
tested on each of the others. The figures are the UAR on anger, happiness, neutral and sadness
(chance level 25 %). EmoBox (arXiv 2406.07162, table 5) reports twelve such pairs of four corpora,
of which only RAVDESS is used here. It reports 46.9 % for Whisper large v3 and 27.7 to 38.5 % for
the other encoders, on frozen features with 60 clips per label. Compare only the order of
magnitude, because the pairs differ.

"""

AFFECT = """\
Valence and arousal are the mean positions of the labels (Russell & Mehrabian 1977), weighted by
probability. They contain no more than the probabilities. Arousal is more reliable, because anger
and happiness have similar arousal.
"""

SHORTCUTS = """\
The next table shows shortcuts. A linear model reads only length and loudness, and in the column
`recording` also silence. A high figure means that the labels of the corpus can be predicted without
its speech. The last column shows what remains after trimming, cropping and normalising. Figures of
corpora with few test speakers change by several points with the choice of speakers.
"""

SHIPPED = """\
**The shipped model is the measured one, trained further.** All figures above are those of a model
trained on {measured}, without the test speakers. The shipped model was then trained on {shipped},
including the test speakers, for {epochs} more epochs of {clips_per_epoch} clips at a learning
rate of {learning_rate:g}.{average} \
No speakers remain to test it. The validation speakers are in neither training set. On them, its
mean UAR over the corpora is {cold} without a baseline (measured model: {cold_before}), and
{enrolled} after 60 s of enrolment ({enrolled_before}).
"""

AVERAGE = """ Its backbone is then averaged with those of all splits, {count} in all. A voice head
is trained on the average."""

SPEAKERS_PROTOCOL = """\
about 20 % of the speakers of each corpus are in the test set and 15 % in validation. RAVDESS uses
folds 1 and 2 of EmoBox, and the other corpora a hash of the speaker's name. EmoDB is divided by
speaker, not by EmoBox's folds, which share speakers. TESS has two speakers and is only in
training. Temperature and thresholds are chosen on two sets of the same weight: the validation
speakers, and the left-out corpora without their test speakers."""

TESS_PROTOCOL = """\
the exported model is that of the stratified split. Its test set is fold 1 of EmoBox, and 15 % of
the other words are for validation. The other rows are models of the same recipe."""
