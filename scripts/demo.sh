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

tell "A made-up company and its 20,000 model calls, in a home that is thrown away afterwards."
run jevons generate --events 20000 --seed 7 --import

tell "1. The bill, month by month. A million tokens gets cheaper. Why does the bill rise?"
run jevons report --by month

tell "2. Caching works: support rolls it out in August."
run jevons report --by month --where team=support

tell "3. So do lower prices, which come under new model names."
run jevons report --by month,request_model --where task_type=translation

tell "4. But contract review moves to a reasoning model of the same price per token,"
run jevons report --by month,request_model --where task_type=contract-review

tell "5. and code review by a model becomes part of every push."
run jevons report --by month --where task_type=code-review

tell "6. Who pays?"
run jevons report --by team

tell "7. Single calls: what each cost, and why."
run jevons events --where team=legal --since 2026-10-01 --limit 3

tell "8. The books are worked out a second time from what was reported, and compared."
run jevons verify

tell "Your own: $1/jevons reads the logs of coding agents here. Nothing leaves this machine."
