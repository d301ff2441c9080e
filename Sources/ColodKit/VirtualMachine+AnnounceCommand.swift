import PacketPath
import VirtualMachine

extension VirtualMachine {
    private static let longestAnnounceDelay: Int64 = 100_000
    private static let maximumAnnounceRounds: Int64 = 1000

    /// `announce-self`, with times in milliseconds. The numbers are a client's: they are brought within the bounds that
    /// the migration parameters of the same names have.
    func announce(
        initial: Int64, max: Int64, rounds: Int64, step: Int64, interfaces: [String]?, name: String
    ) {
        func bounded(_ number: Int64, _ limit: Int64) -> UInt64 { UInt64(Swift.min(Swift.max(0, number), limit)) }
        let parameters = AnnounceParameters(
            initial: bounded(initial, Self.longestAnnounceDelay), max: bounded(max, Self.longestAnnounceDelay),
            rounds: bounded(rounds, Self.maximumAnnounceRounds), step: bounded(step, Self.longestAnnounceDelay))
        announceByCommand(parameters, interfaces: interfaces.map(Set.init), name: name)
    }
}
