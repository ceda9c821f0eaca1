#!/usr/bin/env bash
# Five searches in a folder of 413 pictures. The first call embeds them, the others reuse the index.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p build

search() {
  printf '\n$ forethought search "%s" demo/gallery %s\n' "$1" "${*:2}"
  forethought search "$1" demo/gallery "${@:2}"
}

search "sailing boat" -k 5
search "musical instrument" -k 5
search "rain, umbrella, weather" -k 5
search "flag of the country whose capital is Caracas" -k 5 --think always
search "insect" -k 12 --sheet build/demo-sheet.png
