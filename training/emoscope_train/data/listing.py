"""Lists the clips of a data folder."""

from pathlib import Path

from ..features.audio import read_audio
from . import corpora


def list_clips(data: Path, output: Path | None, check: bool) -> None:
    """Prints a line per corpus; optionally decodes every clip and writes the clips as CSV."""
    clips = corpora.read(data)
    for row in corpora.summary(clips):
        line = "{corpus:12} {language:3} {clips:5} clips {speakers:4} speakers  {licence}"
        print(line.format(**row))
    if check:
        for clip in clips:
            read_audio(data / clip.path)
        print(f"{len(clips)} clips decode")
    if output:
        corpora.write(clips, output)
