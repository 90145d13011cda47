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

For comparison: one listener of CREMA-D, who hears the voice alone, reaches about 41 % UAR on six
emotions.
"""

LIMITS = """\
## Limits

- Speakers, languages, rooms and microphones unlike the training data lower the accuracy, without a
  warning.
- The model mostly detects arousal. It confuses anger with happiness, and neutral with sadness.
- Short windows, noise, singing, laughter, shouting, children and whispering are difficult.
- Below the thresholds the label is `uncertain`. A confident prediction can still be wrong.
- If a corpus lacks a label, nothing was learned about that label in its language.
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
people; see the model `voices` for that.
"""

LEFT_OUT = """\
### Unseen corpora

Each corpus is left out of training once{groups},
and the model is tested on all of it. These models train for {epochs} epochs of {clips_per_epoch}
clips. UAR is among the labels that the corpus has. The
columns are seconds of enrolment: other clips of the same speaker, of any label. `15 s, neutral`
takes the neutral clips first. `60 s, alike` takes only clips with the label of the tested clip.
`folder` is what `analyze` does: all clips of the corpus share a baseline with the weight of 3 s. A
larger weight raises the UAR (20 s: 1 to 5 points), but the model then calls plain reading anger or
fear.

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
For comparison, the zero-shot UAR of audEERING's tests of large models, without enrolment. Their
mean is over eight unseen corpora.

"""

RECALL = """\
### Recall by label on unseen corpora

All seven labels compete. The recall is averaged over the corpora that have the label.

"""

LISTENERS = """\
The labels of {corpus} are what the actors intended. Its listeners perceived something else in
many clips: a single listener reaches {one} UAR on the intended labels, the majority of them
{majority}. Against the label of the majority ({clips} clips without a tie), the model reaches
{cold} UAR without a baseline and {settled} after 60 s of enrolment.
"""

FOLDS = """\
### Unseen speakers within one corpus

The backbone that was trained without the corpus is fine-tuned on its own labels with a part of
its speakers, and tested on the others. The recipe is `[folds]` in the config. That of `small` was
chosen on the second folds of RAVDESS, EmoDB and nEMO, with the first ones left out. That of
`voices` was set in advance and not tuned. RAVDESS uses EmoBox's six folds, with calm as an
additional label. TESS has one fold per actress, the other corpora have five groups of speakers.
UAR by seconds of enrolment, as mean over the folds. `program` is `emoscope analyze --model` on the
single clips, with its VAD; a clip without an utterance counts as wrong. All speakers share the
sentences.

"""

PAIRS = """\
### One corpus to another

The published backbone is fine-tuned on one corpus, with about 8000 clips drawn from it, and
tested on each of the others. UAR on anger, happiness, neutral and sadness (chance level 25 %).
EmoBox (arXiv 2406.07162, table 5) reports twelve such pairs of four corpora, of which RAVDESS is
among ours: 46.9 % for Whisper large v3 and 27.7 to 38.5 % for the other encoders, on frozen
features with 60 clips a label. Compare the order of magnitude only, since the pairs differ.

"""

AFFECT = """\
Valence and arousal are the expectations of the label positions of Russell & Mehrabian (1977). They
contain no more than the probabilities. Arousal is the more reliable one: it does not depend on the
distinction of anger and happiness.
"""

SHORTCUTS = """\
The table of shortcuts shows a linear model that reads only length and loudness (and, of the
recording, silence). A high figure means that the labels of the corpus can be predicted without its
speech. The last column shows what remains in the trimmed, cropped and normalised input. Figures
of corpora with few test speakers change by several points with the choice of speakers.
"""

SHIPPED = """
**The shipped model continues from the measured one.** All figures above are those of a model
trained on {measured}, without the test speakers. The shipped model was then trained on {shipped},
including the test speakers, for {epochs} more epochs of {clips_per_epoch} clips at a learning
rate of {learning_rate:g}.{average} \
No speakers remain to test it. On the validation speakers, who are in
neither training set, the mean of the corpora's UARs is {cold} without a baseline (measured model:
{cold_before}), and {settled} after 60 s of enrolment ({settled_before}).
"""

AVERAGE = """ Its backbone is then
averaged with those of all splits ({count} in all), and a voice head is trained on it."""

SPEAKERS_PROTOCOL = """\
about 20 % of the speakers of each corpus are in the test set and 15 % in validation. RAVDESS uses
folds 1 and 2 of EmoBox, the other corpora a hash of the speaker's name. EmoDB is divided by
speaker, not by EmoBox's folds, which share speakers. TESS has two speakers and is only in
training. Temperature and thresholds are chosen on the validation speakers and on the corpora that
were left out, without their test speakers. Both have the same weight."""

TESS_PROTOCOL = """\
the exported model is that of the stratified split (EmoBox: fold 1 is the test set), with 15 % of
the words of the rest for validation. The other rows are models of the same recipe."""
