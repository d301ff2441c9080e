extension ConfigurationReader {
    /// What no single key shows.
    func checkTogether(_ configuration: ColodConfiguration) {
        if configuration.pair != nil, configuration.start.incoming != nil {
            start.problem("incoming", "cannot be used with 'pair', which decides itself what comes in")
        }
        guard let pair = configuration.pair else {
            for key in ["heartbeat", "failover", "arbiter", "checkpoint"] where top.has(key) {
                top.problem(key, "has no meaning without 'pair'")
            }
            return
        }
        guard top.isSound("pair") else { return }
        if pair.primary.heartbeat.count != pair.secondary.heartbeat.count {
            top.problem(
                "pair",
                "primary has \(pair.primary.heartbeat.count) heartbeat addresses and secondary has "
                    + "\(pair.secondary.heartbeat.count); expected one of each for every network between them")
        }
        var seen: Set<SocketAddress> = []
        for host in [pair.primary, pair.secondary] {
            for address in [host.replication] + host.heartbeat where !seen.insert(address).inserted {
                top.problem("pair", "the address \(address) is used twice")
            }
        }
    }

    /// What is allowed and yet worth a thought.
    func warnings(of configuration: ColodConfiguration) -> [String] {
        var warnings = configuration.management.monitors.filter { !$0.address.isOfThisHost }.map { monitor in
            "management: whoever reaches \(monitor.address) controls the guest: there is no login"
        }
        guard let pair = configuration.pair else { return warnings }
        if pair.encryption == .none {
            warnings.append(
                "pair.encryption is none: who can read the replication network reads the guest's memory, and who can "
                    + "change packets on it changes the guest; only the beginning of each channel is authenticated")
        }
        if configuration.arbiter == .none {
            warnings.append(
                configuration.failover == .automatic
                    ? "failover is automatic and there is no arbiter: when the network between the hosts is cut, both "
                        + "may run the guest and acknowledged writes can be lost"
                    : "there is no arbiter: when the network between the hosts is cut, the primary goes on alone, and a "
                        + "takeover ordered then would let both run the guest")
        }
        if configuration.guest.network.contains(where: { if case .user = $0.backend { true } else { false } }) {
            warnings.append("connections through a user-mode network do not survive a takeover; use a tap for those")
        }
        return warnings
    }
}
