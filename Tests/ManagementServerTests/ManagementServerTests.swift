// Tests of ManagementServer.
