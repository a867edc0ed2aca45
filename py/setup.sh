#!/bin/sh
# Makes a virtual environment with the program in it: py/setup.sh PYTHON VENV REQUIREMENT...
# A requirement is anything pip takes, as in: -e '.[dev]'
set -eu
python=$1 venv=$2
shift 2

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "faces needs Python 3.11 or later; '$python' is not. Say which: make PYTHON=python3.12 ..." >&2
    exit 1
}

# Debian ships Python without ensurepip: its package python3-venv has it.
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing $package, which makes virtual environments"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null
    else
        echo "'$python' cannot make virtual environments. Run: sudo apt install $package" >&2
        exit 1
    fi
fi

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "installing into $venv (some minutes the first time, about 1 GB)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
