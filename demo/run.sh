#!/usr/bin/env bash
# Five questions to a folder of 413 pictures. The first call embeds them, the others do not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p build

ask() {
  printf '\n$ forethought search "%s" demo/gallery %s\n' "$1" "${*:2}"
  forethought search "$1" demo/gallery "${@:2}"
}

ask "something to drink from" -k 5
ask "an animal with a trunk" -k 5
ask "flag of a country in South America" -k 5 --think always
ask "it is raining" -k 5
ask "a vehicle that flies" -k 12 --sheet build/demo-sheet.png
