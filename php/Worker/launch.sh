#!/bin/sh
# Runs the worker, detached from the web server: launch.sh AGAIN OUTCOME LOG KEEP PROGRAM ARGUMENT...
# Whoever started this holds a lock, which is open here as descriptor 3 and so lasts as long as this does.
# AGAIN: a file that somebody makes who wants a run that begins later than now; then the first KEEP words of the command
#   are run once more (without --channel NICK for a detection, as it may be another channel's).
# OUTCOME: gets the exit code, the time, and the last lines of stderr. LOG: all of stderr is added to it.
again=$1 outcome=$2 log=$3 keep=$4
shift 4
errors="$outcome.errors" # one launcher at a time has this name
umask 077
trap 'rm -f "$errors"' EXIT
while :; do
    rm -f "$again"
    "$@" >/dev/null 2>"$errors"
    code=$?
    if [ -s "$errors" ]; then
        { date -u "+%Y-%m-%dT%H:%M:%SZ $2 ended with $code"; cat "$errors"; } >>"$log"
    fi
    if [ "$code" != 3 ]; then # 3: another run is at work, started by somebody else
        { echo "$code"; date -u +%Y-%m-%dT%H:%M:%SZ; tail -c 4000 "$errors"; } >"$errors.new" && mv -f "$errors.new" "$outcome"
    fi
    [ -e "$again" ] || exit 0
    while [ $# -gt "$keep" ]; do
        # POSIX sh has no way to drop the last word: turn all but it once round
        count=$# i=1
        while [ "$i" -lt "$count" ]; do
            word=$1
            shift
            set -- "$@" "$word"
            i=$((i + 1))
        done
        shift
    done
done
