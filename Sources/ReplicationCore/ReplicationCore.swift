/// COLO primary and secondary, heartbeat, failover and terms as pure state machines: event in, actions out.
