// Tests of ReplicationCore.
