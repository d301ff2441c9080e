// Tests of VirtualMachine.
