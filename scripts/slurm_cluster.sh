#!/usr/bin/env bash
# A throwaway Slurm cluster on the loopback address, for tests: nodes are daemons of this machine.
#
#   slurm_cluster.sh up DIR NODES CPUS     start one in an empty DIR; then: export SLURM_CONF=DIR/slurm.conf
#   slurm_cluster.sh start DIR DAEMON      start slurmctld, n1, n2, … again after it was killed
#   slurm_cluster.sh down DIR              stop it; DIR is left for reading its logs
#
# Needs root, and Slurm's Debian packages, which it installs where they are missing. Exit code 77: cannot be had here.
set -euo pipefail

cannot() {
    echo "slurm_cluster: $1" >&2
    exit 77
}

usage() {
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

install_slurm() {
    command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v munged >/dev/null && return
    command -v apt-get >/dev/null || cannot "Slurm is not installed, and there is no apt-get to install it"
    local packages=(munge slurmctld slurmd slurm-client slurm-wlm-basic-plugins)
    { apt-get update && apt-get install -y --no-install-recommends "${packages[@]}"; } >&2 ||
        cannot "Slurm's packages cannot be installed: ${packages[*]}"
}

# The first of COUNT neighbouring ports that nobody listens on.
free_ports() {
    local count=$1 first port
    for _ in {1..50}; do
        first=$((20000 + RANDOM % 10000))
        for ((port = first; port < first + count; port++)); do
            (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue 2
        done
        echo "$first"
        return
    done
    cannot "no free ports between 20000 and 30000"
}

# A process that has ended but was not waited for still has a number.
runs() {
    local state
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 1
    [[ -n $state && $state != Z ]]
}

end() {
    local pid
    [[ -s $1 ]] || return 0
    pid=$(<"$1")
    for signal in TERM KILL; do
        runs "$pid" || return 0
        kill -s "$signal" "$pid" 2>/dev/null || return 0
        for _ in {1..30}; do
            runs "$pid" || return 0
            sleep 0.1
        done
    done
}

begin() {
    case $2 in
    slurmctld) slurmctld -f "$1/slurm.conf" ;;
    n*) slurmd -f "$1/slurm.conf" -N "$2" ;;
    *) usage ;;
    esac
}

configuration() {
    local dir=$1 nodes=$2 cpus=$3 port host
    port=$(free_ports $((nodes + 1)))
    host=$(hostname -s)
    cat <<CONF
ClusterName=dunwu-test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket
CredType=cred/munge
# Only this machine may connect.
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool-%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/%n.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,sched_interval=2,bf_interval=2
# A dead node and a task that does not stop are noticed in seconds.
SlurmdTimeout=5
KillWait=3
MessageTimeout=5
ReturnToService=2
MpiDefault=none
NodeName=n[1-$nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + nodes))] CPUs=$cpus
PartitionName=all Nodes=n[1-$nodes] Default=YES MaxTime=INFINITE State=UP
CONF
}

up() {
    local dir nodes=$2 cpus=$3 node
    [[ $(id -u) == 0 ]] || cannot "only root can start Slurm's daemons; run as root, or use a cluster that is there"
    install_slurm
    mkdir -p "$1"
    dir=$(cd "$1" && pwd)
    mkdir -p "$dir/state" "$dir/munge"
    (umask 077 && head -c 64 /dev/urandom >"$dir/munge/key")
    configuration "$dir" "$nodes" "$cpus" >"$dir/slurm.conf"
    # munged does not like root, nor folders below one that others may write to; --force says that this is for tests.
    munged --force --num-threads=2 --key-file="$dir/munge/key" --socket="$dir/munge/socket" \
        --pid-file="$dir/munge/pid" --log-file="$dir/munge/log" --seed-file="$dir/munge/seed" 2>/dev/null
    begin "$dir" slurmctld
    for ((node = 1; node <= nodes; node++)); do
        begin "$dir" "n$node"
    done
    for _ in {1..200}; do
        [[ $(SLURM_CONF=$dir/slurm.conf sinfo -h -p all -t idle -o %D 2>/dev/null) == "$nodes" ]] && return
        sleep 0.1
    done
    tail -n 20 "$dir"/*.log >&2
    down "$dir"
    cannot "the nodes did not come up"
}

down() {
    local file
    for file in "$1"/slurmctld.pid "$1"/n*.pid "$1"/munge/pid; do
        end "$file"
    done
}

case ${1-} in
up)
    [[ $# == 4 ]] || usage
    up "$2" "$3" "$4"
    ;;
start)
    [[ $# == 3 ]] || usage
    begin "$2" "$3"
    ;;
down)
    [[ $# == 2 ]] || usage
    down "$2"
    ;;
*) usage ;;
esac
