#!/usr/bin/env bash
# What has to be run where there is a GPU, in one command of at most five minutes on an H100:
# the tests that need CUDA, then the engine at UME-R1-2B's size beside stock transformers.
#
#   bash benchmarks/gpu.sh OUT                   # OUT gets the log and ume-2b.json
#   bash benchmarks/gpu.sh OUT --shape tiny      # try the script without a GPU
#
# More options are those of `python -m benchmarks.engine --workload ume-2b`. Nothing is downloaded
# or installed: packages that are missing are put on PYTHONPATH before.
set -euo pipefail
if [[ $# -lt 1 || $1 == -* ]]; then
  echo "usage: bash benchmarks/gpu.sh OUT [--shape tiny] [...]" >&2
  exit 2
fi
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PYTHONPATH="$PWD/src:$PWD${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
python=${PYTHON:-python3}
exec > >(tee "$out/log") 2>&1

"$python" - <<'PYTHON'
import platform

import torch
import transformers

device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
print(f"python {platform.python_version()}, torch {torch.__version__}, "
      f"transformers {transformers.__version__}, {device}")
PYTHON

if "$python" -c 'import beartype, hypothesis, pytest, pytest_timeout' 2> /dev/null; then
  # A failure is printed and does not keep the measurement from running.
  timeout 90 "$python" -m pytest -q -rs tests/engines/test_graphs.py || echo "rc $? of the CUDA tests"
else
  echo "the CUDA tests are left out: beartype, hypothesis, pytest or pytest-timeout is missing"
fi

# The JSON file holds what was measured so far, should the time run out.
timeout 210 "$python" -m benchmarks.engine --workload ume-2b --repeats 3 \
  --json "$out/ume-2b.json" "$@"
