#!/bin/sh
# A made-up company in a throw-away home, and what its books say.
# usage: demo.sh FOLDER-OF-JEVONS
set -eu
bin=$(cd "$1" && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 130' INT TERM
for name in $(env | sed -n 's/^\(JEVONS_[A-Z_]*\)=.*/\1/p'); do unset "$name"; done
export JEVONS_HOME="$place/home" PATH="$bin:$PATH"

tell() { printf '\n%s\n' "$*"; }
run() {
    printf '\n$ %s\n' "$*"
    "$@"
}

tell "A made-up company with 20,000 model calls, in a home that is thrown away afterwards."
run jevons generate --events 20000 --seed 7 --import
tell "Token prices fall. Why does the bill rise? Month by month:"
run jevons report --by month
tell "Who spends it, and on what?"
run jevons report --by team
run jevons report --by request_model --top 8
run jevons report --by task_type --top 8
tell "The ledger is worked out a second time, and compared to the last digit:"
run jevons verify
tell "Your own logs: $1/jevons reads what coding agents left here. Nothing leaves this machine."
