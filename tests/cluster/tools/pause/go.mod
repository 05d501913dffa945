// What holds a pod's namespaces open.
module xfer/tests/cluster/tools/pause

go 1.26.0
