import Environment

/// How long an incoming migration waits for its source. A test sets others.
struct IncomingLimits: Sendable {
    /// Without a byte, on any of its channels.
    var stall = Nanoseconds.milliseconds(MigrationLimits.incomingStallMilliseconds)
    /// For the channels beside the main one, once that is there.
    var dataChannels = Nanoseconds.milliseconds(MigrationLimits.dataChannelsMilliseconds)
}
