#!/usr/bin/env bash
# Starts a Slurm of one node on this machine's loopback, for tests, and waits until it takes jobs.
#
#     start_slurm.sh DIR        state, logs and process ids lie in DIR; stop it with stop_slurm.sh DIR
#
# Needs root and the packages slurmctld, slurmd, slurm-client and munge. Writes /etc/slurm, since jobs find
# their Slurm nowhere else (the Snakemake plugin drops SLURM_CONF), and refuses where that is somebody
# else's. No cgroups, no accounts, no systemd: it runs in a container.
set -euo pipefail
dir=${1:?usage: start_slurm.sh DIR}
host=$(hostname -s)
ours="# Made by repscape's tests; may be deleted."

if [ -e /etc/slurm/slurm.conf ] && ! grep -qxF "$ours" /etc/slurm/slurm.conf; then
    echo "start_slurm.sh: /etc/slurm/slurm.conf is not of these tests: this machine has a Slurm already" >&2
    exit 1
fi
mkdir -p "$dir"/{state,spool,log,run,dev} /etc/slurm
grep -qw "$host" /etc/hosts || echo "127.0.0.1 $host" >> /etc/hosts

# Two GPUs that are none: Slurm counts and hands out devices, it does not look into them.
for number in 0 1; do
    [ -e "$dir/dev/gpu$number" ] || mknod "$dir/dev/gpu$number" c 1 3
done
cat > /etc/slurm/gres.conf <<CONF
AutoDetect=off
NodeName=$host Name=gpu File=$dir/dev/gpu[0-1]
CONF

# config_overrides: the node says what it is told, so that the study's bounds fit into it on any machine.
# EnforcePartLimits: a job that can never run is refused instead of waiting for ever.
# Short time-outs: a node whose daemon died is given up after 10 s instead of 5 minutes.
cat > /etc/slurm/slurm.conf <<CONF
$ours
ClusterName=repscape
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort=6817
SlurmdPort=6818
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd.pid
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/log/jobs.txt
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_min_interval=100000
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
ReturnToService=2
MinJobAge=3600
KillWait=2
MessageTimeout=5
SlurmctldTimeout=10
SlurmdTimeout=10
EnforcePartLimits=ALL
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(env -u OMP_NUM_THREADS nproc) RealMemory=64000 Gres=gpu:2 State=UNKNOWN
PartitionName=cpu Nodes=$host Default=YES MaxTime=600 State=UP
PartitionName=gpu Nodes=$host Default=NO MaxTime=600 State=UP
CONF

if ! munge -n > "$dir/log/munge.txt" 2>&1; then
    install -d -o munge -g munge -m 0755 /run/munge
    runuser -u munge -- /usr/sbin/munged
    cp /run/munge/munged.pid "$dir/run/munged.pid"
fi
slurmctld
slurmd
for _ in $(seq 60); do
    [ "$(timeout 5 sinfo --noheader --format %T 2> /dev/null | sort -u)" = idle ] && exit 0
    sleep 0.5
done
echo "start_slurm.sh: the node did not become idle in 30 s" >&2
tail -n 20 "$dir"/log/*.log >&2
exit 1
