/// Where colod differs from QEMU 7.2 on purpose, and why. Each entry must still be true: a difference that is gone
/// must go from here too.
enum DeliberateDifferences {
    /// Of recorded calls.
    static let records: [DeliberateDifference] = []

    /// Of calls made up at random, by command.
    static let generatedCalls: [DeliberateDifference] = []

    /// Of recorded sessions.
    static let sessions: [DeliberateDifference] = []
}
