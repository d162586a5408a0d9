#!/usr/bin/env bash
# A list in parts as a Slurm job array: one part for each task.
#
#   LIST=/shared/users.csv OUT=/shared/out sbatch --array=0-19%5 slurm.sh --host1 ... --host2 ...
#
# %5 bounds how many parts run at the same time. LIST and OUT are on a volume that all
# nodes see. When all tasks have ended: imaphaul batch --merge "$OUT".
#SBATCH --job-name=imaphaul
#SBATCH --cpus-per-task=1
#SBATCH --mem=1G
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail
: "${LIST:?the list of accounts}" "${OUT:?a directory on a shared volume}"
mkdir -p "$OUT"

code=0
"${IMAPHAUL:-imaphaul}" batch "$LIST" --shard auto --out "$OUT" --cachedir "$OUT/journal" --cacheshared "$@" || code=$?

# 111: rows are not finished, 8: another run of this part was at work a moment ago.
# Both are worth another task later; what waits for a person is not tried again.
if [[ $code == 111 || $code == 8 ]] && (( ${SLURM_RESTART_COUNT:-0} < 3 )); then
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}" && exit 0
fi
exit "$code"
