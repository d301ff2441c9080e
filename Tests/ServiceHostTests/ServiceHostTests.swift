// Tests of ServiceHost.
