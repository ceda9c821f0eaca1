#!/usr/bin/env bash
# What has to be run where there is a GPU, in one command of at most nine minutes on an H100: the
# tests that need CUDA, the engine at UME-R1-2B's size beside stock transformers, and the recipes of
# nano and of its twin.
#
#   bash benchmarks/gpu.sh OUT                         # everything
#   bash benchmarks/gpu.sh OUT --skip tests,engine     # go on with nano's run, in the same folder
#   bash benchmarks/gpu.sh OUT --shape tiny            # try the script without a GPU
#
# OUT gets at most 8 files of at most 15 MiB: the log, ume-2b.json, nano's scores, and models and
# journals in parts (join them with `python -m benchmarks.parts unpack OUT FOLDER --name nano`).
#
#   --skip LIST     of tests, engine, nano, twin, evaluate
#   --minutes M     for everything together (9); nano and its twin train in what is left of it
#   --parts DIR     what `python -m benchmarks.gpu_carry` wrote (build/gpu)
#   --work DIR      what is unpacked and trained lies here, and a second call goes on (build/gpu-work)
#   --shape tiny    small shapes, and two steps of each stage
#
# Nothing is downloaded or installed: packages that are missing are put on PYTHONPATH before.
set -euo pipefail
usage() {
  echo "usage: bash benchmarks/gpu.sh OUT [--skip LIST] [--minutes M] [--parts DIR] [--work DIR]" \
    "[--shape tiny]" >&2
  exit 2
}
[[ $# -ge 1 && $1 != -* ]] || usage
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
skip= minutes=9 parts= work= shape=full
while [[ $# -gt 0 ]]; do
  [[ $# -ge 2 ]] || usage
  case $1 in
    --skip) skip=,$2, ;;
    --minutes) minutes=$2 ;;
    --parts) parts=$(realpath "$2") ;;
    --work) work=$(realpath -m "$2") ;;
    --shape) shape=$2 ;;
    *) usage ;;
  esac
  shift 2
done
[[ $minutes =~ ^[0-9]+$ && ($shape == full || $shape == tiny) ]] || usage
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD parts=${parts:-$PWD/build/gpu} work=${work:-$PWD/build/gpu-work}
export PYTHONPATH="$root/src:$root${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
# On Hopper torch builds a cuDNN attention kernel on the host for every new length.
export TORCH_CUDNN_SDPA_DEPRIORITIZED=1
python=${PYTHON:-python3}
exec > >(tee "$out/log") 2>&1

wanted() { [[ $skip != *,$1,* ]]; }
left() { echo $((minutes * 60 - SECONDS)); }
# A failure is printed and does not keep the rest from running.
step() { # NAME SECONDS COMMAND...: at most so long, and no longer than what is left
  local name=$1 most=$2 rest
  shift 2
  rest=$(left)
  if ((rest < 10)); then
    echo "== $name: no time is left"
    return 1
  fi
  echo "== $name (after $SECONDS s)"
  timeout --signal INT --kill-after 10 $((most < rest ? most : rest)) "$@" || {
    echo "== $name: exit status $?"
    return 1
  }
}

"$python" - <<'PYTHON'
import platform

import torch
import transformers

device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
print(f"python {platform.python_version()}, torch {torch.__version__}, "
      f"transformers {transformers.__version__}, {device}")
PYTHON

if wanted tests; then
  if "$python" -c 'import beartype, hypothesis, pytest, pytest_timeout' 2> /dev/null; then
    step tests 90 "$python" -m pytest -q -rs tests/engines/test_graphs.py \
      tests/nano/test_frozen_encoders.py tests/nano/test_tower_features.py || true
  else
    echo "== tests: left out, as beartype, hypothesis, pytest or pytest-timeout is missing"
  fi
fi

if wanted engine; then
  # Three rounds of rationales of 128 tokens are what fits. The JSON file holds what was measured so
  # far, should the time run out.
  size=(--tokens 128)
  [[ $shape == full ]] || size=(--shape tiny --tokens 12)
  step engine 210 "$python" -m benchmarks.engine --workload ume-2b --repeats 3 \
    --json "$out/ume-2b.json" "${size[@]}" || true
fi

# Trains NAME's recipe in what is left less 45 seconds for the step in hand and the model's files, and
# packs what there is. Without TF32 the frozen features are those of a CPU.
train() { # NAME
  local recipe=$root/recipes/$1.toml run=$work/runs/$1 tenths=$((($(left) - 45) / 6))
  ((tenths > 0)) || return 0
  if [[ $shape == tiny ]]; then
    recipe=$work/$1.toml
    sed -E 's/^steps = .*/steps = 2/; s/^cooldown = .*/cooldown = 1/; s/^vocabulary = .*/vocabulary = 1000/
      s/^batch = [1-9].*/batch = 4/' "$root/recipes/$1.toml" > "$recipe"
  fi
  (cd "$work" && FORETHOUGHT_CACHE="$work/cache" NVIDIA_TF32_OVERRIDE=0 \
    step "$1" $(($(left) - 15)) "$python" -m forethought train "$recipe" --out "$run" \
    --minutes "$((tenths / 10)).$((tenths % 10))") || true
  mkdir -p "$work/result"
  [[ ! -f $run/journal.jsonl ]] || cp "$run/journal.jsonl" "$work/result/$1-journal.jsonl"
  if [[ -f $run/model/forethought.json ]]; then
    rm -rf "$work/result/$1"
    cp -r "$run/model" "$work/result/$1"
    "$python" -m benchmarks.parts pack "$work/result" "$out" --name nano --limit-mib 15
  fi
}

if wanted nano || wanted twin; then
  mkdir -p "$work"
  if [[ ! -f $work/unpacked ]]; then
    step unpack 60 "$python" -m benchmarks.parts unpack "$parts" "$work" && touch "$work/unpacked"
  fi
  # The recipes name their data and their teacher relative to the folder that they are trained in.
  ln -sfn "$root/models" "$work/models"
fi
! wanted nano || train nano
# The twin forks nano's run, which must have ended.
! wanted twin || [[ ! -f $work/result/nano/forethought.json ]] || train nano-direct

run=$work/runs/nano
if wanted evaluate && [[ -f $run/model/forethought.json ]]; then
  (cd "$work" && step evaluate 120 "$python" -m forethought evaluate glyphs --model "$run/model" \
    --queries 50 --json "$out/nano.json") || true
fi
echo "== done after $SECONDS s"
