#!/bin/sh
# Makes a virtual environment with the program in it: py/setup.sh PYTHON VENV REQUIREMENT...
# A requirement is anything pip takes, as in: -e '.[dev]'. Without one the environment is empty.
# With FASTER set, uv installs them: in a fifth of the time, and Python compiles what is imported when it is. Of pip's
# configuration uv sees the index only. Where uv cannot be had, or does not manage, pip does it after all.
set -eu
python=$1 venv=$2
shift 2
UV=uv==0.9.30

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

faster() {
    [ -x "$venv/bin/uv" ] || "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$UV" || return 1
    index=$("$venv/bin/python" -m pip config get global.index-url 2>/dev/null) || index=https://pypi.org/simple
    UV_DEFAULT_INDEX=${PIP_INDEX_URL:-$index} "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" "$@"
}

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
[ $# -gt 0 ] || exit 0
echo "installing into $venv (some minutes the first time, about 1 GB)"
if [ -n "${FASTER:-}" ] && faster "$@"; then exit 0; fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
