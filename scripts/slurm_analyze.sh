#!/bin/bash
# Runs `emoscope analyze` over an archive as a Slurm array: a task per shard of the recordings.
#
#   sbatch --array=1-64 scripts/slurm_analyze.sh ARCHIVE OUTPUT 64 [OPTION OF ANALYZE...]
#
# ARCHIVE, OUTPUT and the program (on PATH, or named in EMOSCOPE) are the same paths on every node. The
# third argument is the number of shards; the array names those that run, so `--array=3,17` with the
# same 64 runs two of them again. A task that is stopped or requeued continues where its parts end.
#SBATCH --job-name=emoscope
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=500M
#SBATCH --requeue
#SBATCH --output=emoscope-%A_%a.log
set -euo pipefail

archive=${1:?the folder of the recordings}
output=${2:?the folder of the Parquet parts}
shards=${3:?the number of shards}
shift 3
shard=${SLURM_ARRAY_TASK_ID:?run it with: sbatch --array=1-$shards}
if ((shard < 1 || shard > shards)); then
    echo "slurm_analyze: the array has task $shard, but the shards are 1 to $shards" >&2
    exit 2
fi
# The folders are those of scripts/ray_analyze.py.
folder=$output/$(printf 'shard-%05d-of-%05d' "$shard" "$shards")
mkdir -p "$folder"
# Slurm ends the program itself, which leaves whole parts alone.
exec "${EMOSCOPE:-emoscope}" analyze "$archive" --format parquet --output "$folder" \
    --shard "$shard/$shards" --resume --quiet --jobs "${SLURM_CPUS_PER_TASK:-1}" "$@"
