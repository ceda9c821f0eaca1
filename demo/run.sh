#!/usr/bin/env bash
# Five questions to a folder of 413 pictures. The first call embeds them, the others do not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p build

ask() {
  printf '\n$ forethought search "%s" demo/gallery %s\n' "$1" "${*:2}"
  forethought search "$1" demo/gallery "${@:2}"
}

ask "sailing boat" -k 5
ask "musical instrument" -k 5
ask "rain, umbrella, weather" -k 5
ask "flag of the country whose capital is Caracas" -k 5 --think always
ask "insect" -k 12 --sheet build/demo-sheet.png
