#!/bin/sh
# Is this Python able to build the environment? Says what to install when it is not.
# usage: check_python.sh PYTHON
python=$1

if ! command -v "$python" >/dev/null 2>&1; then
    echo "Jevons needs Python 3.11 or newer, and no '$python' was found." >&2
    echo "Install it (Debian, Ubuntu: apt-get install python3 python3-venv)," >&2
    echo "or name one that you have: make PYTHON=python3.12 ..." >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Jevons needs Python 3.11 or newer; '$python' is $("$python" -V 2>&1)." >&2
    echo "Install a newer one and name it: make PYTHON=python3.12 ..." >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "'$python' cannot make a virtual environment: its venv or ensurepip module is missing." >&2
    echo "Install it (Debian, Ubuntu: apt-get install python3-venv) and run make again." >&2
    exit 1
fi
