#!/usr/bin/env bash
# Five searches in a folder of 413 pictures. The first call embeds them, the others reuse the index.
# The last line is measured: one of the others, and what importing torch takes of it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p build
exec 3>&1 4>&2
TIMEFORMAT=%1R

search() {
  printf '\n$ forethought search "%s" demo/gallery %s\n' "$1" "${*:2}"
  forethought search "$1" demo/gallery "${@:2}"
}

# The wall time of a command in seconds; its output goes where the script's does.
seconds() {
  { time "$@" 1>&3 2>&4; } 2>&1
}

search "sailing boat" -k 5
warm=$(seconds search "musical instrument" -k 5)
search "rain, umbrella, weather" -k 5
# A question: chosen before it was first asked.
search "flag of the country whose capital is Nairobi" -k 3 --think always
search "insect" -k 12 --sheet build/demo-sheet.png
import=$(seconds python -c "import torch")
printf '\nwarm search: %s s; import torch alone: %s s\n' "$warm" "$import"
