#!/bin/sh
# The recipe for Slurm on a cluster of this machine alone: every utterance of the archive once, also
# where a task is cancelled and run again. Needs root and Slurm (slurmctld, slurmd, slurm-client, munge).
#
#   tests/e2e/slurm.sh target/debug/emoscope
set -eu

EMOSCOPE=$(readlink -f "${1:?the program}")
export EMOSCOPE
top=$(readlink -f "$(dirname "$0")/../..")
skip() {
    printf 'skipped: %s\n' "$*"
    exit 0
}
[ "$(id -u)" = 0 ] || skip 'only root can start Slurm'
for program in munged sbatch slurmctld slurmd; do
    command -v "$program" >/dev/null || skip "no $program here"
done
[ ! -e /etc/slurm/slurm.conf ] || [ -n "${SLURM_CONF:-}" ] || skip 'this machine is part of a cluster'

work=$(mktemp -d)
chmod 755 "$work"
leave() {
    for daemon in slurmd slurmctld munged; do
        [ ! -f "$work/$daemon.pid" ] || kill "$(cat "$work/$daemon.pid")" 2>/dev/null || true
    done
    sleep 1
    rm -rf "$work"
}
trap leave EXIT
trap 'exit 130' INT TERM
dump() {
    tail -n 5 "$work"/*.log >&2
    exit 1
}

# Private keys and sockets.
mkdir "$work/munge" "$work/state" "$work/spool"
head -c 128 /dev/urandom >"$work/munge/key"
chmod 600 "$work/munge/key"
munged --force --key-file "$work/munge/key" --socket "$work/munge/socket" --pid-file "$work/munged.pid" \
    --seed-file "$work/munge/seed" --log-file "$work/munged.log"
host=$(hostname -s)
cat >"$work/slurm.conf" <<CONFIG
ClusterName=local
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=2000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONFIG
export SLURM_CONF="$work/slurm.conf"
slurmctld || dump
slurmd || dump

mkdir "$work/archive"
for number in $(seq 24); do
    cp "$top/tests/data/two-utterances.wav" "$work/archive/$number.wav"
done
cd "$work"
array() { # TASKS
    sbatch --parsable --wait --array="$1" "$top/scripts/slurm_analyze.sh" "$work/archive" \
        "$work/results" 4
}
# One task is cancelled while it runs; later it runs once more, alone.
job=$(sbatch --parsable --array=2 "$top/scripts/slurm_analyze.sh" "$work/archive" "$work/results" 4)
for _ in $(seq 300); do
    [ ! -d "$work/results/shard-00002-of-00004" ] || break
    sleep 0.1
done
scancel "$job"
array 1,3,4 || dump
array 2 || dump

"$EMOSCOPE" analyze "$work/archive" --quiet --format csv >"$work/alone.csv"
python=$("$top/scripts/python-env.sh" "$top/scripts/requirements-ray.txt")/bin/python
"$python" - "$work/alone.csv" "$work/results" <<'PYTHON' || dump
import csv
import sys

import pyarrow.dataset

with open(sys.argv[1], newline="") as file:
    alone = sorted((row["file"], row["utterance"], row["label"]) for row in csv.DictReader(file))
table = pyarrow.dataset.dataset(sys.argv[2], format="parquet").to_table()
found = sorted((row["file"], str(row["utterance"]), row["label"]) for row in table.to_pylist())
print(f"{len(found)} utterances; one task was cancelled and run again")
sys.exit(found != alone or not found)
PYTHON
# Nothing is left to do: the recipe resumes.
cksum "$work"/results/*/* >"$work/before"
array 1-4 || dump
cksum "$work"/results/*/* | cmp - "$work/before"
