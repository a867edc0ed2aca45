#!/bin/sh
# The system packages the tests use: installed where we may, named where we may not (those tests are then skipped).
set -eu
command -v exiftool >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing exiftool"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libimage-exiftool-perl >/dev/null
else
    echo "exiftool is missing, its tests are skipped: sudo apt install libimage-exiftool-perl" >&2
fi
