#!/usr/bin/env bash
# Stops the Slurm that start_slurm.sh DIR started, by the process ids that it wrote down, and takes its
# configuration away.
set -uo pipefail
dir=${1:?usage: stop_slurm.sh DIR}

runs() { # whether a process is there, has this name and is not merely waiting to be buried
    [ "$(cat "/proc/$1/comm" 2> /dev/null)" = "$2" ] && ! grep -q '^State:.*Z' "/proc/$1/status"
}

timeout 10 scancel --user "$(id -un)" 2> /dev/null
for daemon in slurmd slurmctld munged; do
    file="$dir/run/$daemon.pid"
    [ -s "$file" ] || continue
    pid=$(cat "$file")
    if runs "$pid" "$daemon"; then
        kill "$pid"
        for _ in $(seq 50); do
            runs "$pid" "$daemon" || break
            sleep 0.1
        done
        ! runs "$pid" "$daemon" || kill -9 "$pid"
    fi
    rm -f "$file"
done
rm -f /etc/slurm/slurm.conf /etc/slurm/gres.conf
