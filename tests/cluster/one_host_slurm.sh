#!/usr/bin/env bash
# Run a command on a SLURM of its own: a controller and two nodes with one core each, all on this host.
#
#   tests/cluster/one_host_slurm.sh COMMAND ARGUMENT...
#
# Needs root and Debian's slurm-wlm and munge. Everything lives in namespaces of this call: what is put
# over /etc/slurm is seen in here only, and every daemon ends with the command. `slurmctld-restart` is on
# the command's PATH, for tests that lose the controller.
set -euo pipefail

if [ "${ONE_HOST_SLURM:-}" != inside ]; then
    [ "$(id -u)" = 0 ] || { echo "one_host_slurm.sh: needs root" >&2; exit 77; }
    for program in munged slurmctld slurmd sbatch srun setpriv unshare; do
        command -v "$program" > /dev/null ||
            { echo "one_host_slurm.sh: $program is missing (apt-get install slurm-wlm munge)" >&2; exit 77; }
    done
    [ -d /etc/slurm ] || { echo "one_host_slurm.sh: /etc/slurm is missing" >&2; exit 77; }
    unshare --mount --pid --fork true 2> /dev/null ||
        { echo "one_host_slurm.sh: this system allows no namespaces" >&2; exit 77; }
    # Should the caller be killed, this ends with it, and everything within with this.
    ONE_HOST_SLURM=inside exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc \
        --propagation private bash "$0" "$@"
fi
unset ONE_HOST_SLURM

home=$(mktemp -d -t anello-slurm.XXXXXX)
trap 'rm -rf "$home"' EXIT
chmod 755 "$home"
mkdir -p "$home"/{etc,state,bin,munge}
mount --bind "$home/etc" /etc/slurm

host=$(hostname -s)
memory_mb=$(awk '/^MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])'; }
cat > /etc/slurm/slurm.conf << EOF
ClusterName=onehost
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(port)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$home/munge/socket
CredType=cred/munge
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool.%n
SlurmctldPidFile=$home/slurmctld.pid
SlurmdPidFile=$home/slurmd.%n.pid
SlurmctldLogFile=$home/slurmctld.log
SlurmdLogFile=$home/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,batch_sched_delay=1
DefMemPerCPU=500
MinJobAge=600
ReturnToService=2
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$(port) CPUs=1 RealMemory=$memory_mb
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$(port) CPUs=1 RealMemory=$memory_mb
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE
EOF

head -c 128 /dev/urandom > "$home/munge/key"
chmod 700 "$home/munge"
chmod 400 "$home/munge/key"
munged --force --key-file="$home/munge/key" --socket="$home/munge/socket" \
    --pid-file="$home/munge/pid" --log-file="$home/munge/log" --seed-file="$home/munge/seed" \
    --num-threads=2 2> /dev/null
chmod 711 "$home/munge"

cat > "$home/bin/slurmctld-restart" << EOF
#!/usr/bin/env bash
set -euo pipefail
pid=\$(cat "$home/slurmctld.pid")
kill "\$pid"
while kill -0 "\$pid" 2> /dev/null; do sleep 0.1; done
sleep "\${1:-0}"
slurmctld
EOF
chmod +x "$home/bin/slurmctld-restart"
export PATH="$home/bin:$PATH"

slurmctld -c
slurmd -N n1
slurmd -N n2
for _ in $(seq 100); do
    [ "$(sinfo --noheader --Node --format=%T 2> /dev/null | grep -c idle)" = 2 ] && ready=yes && break
    sleep 0.1
done
if [ "${ready:-}" != yes ]; then
    echo "one_host_slurm.sh: the nodes did not come up" >&2
    cat "$home"/*.log >&2
    exit 1
fi

"$@"
