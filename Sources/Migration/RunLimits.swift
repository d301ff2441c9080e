import Environment
import Transport

/// How long an incoming migration waits for its source. A test sets others.
struct IncomingLimits: Sendable {
    /// Without a byte, on any of its channels.
    var stall = Nanoseconds.milliseconds(MigrationLimits.incomingStallMilliseconds)
    /// For the channels beside the main one, once that is there.
    var dataChannels = Nanoseconds.milliseconds(MigrationLimits.dataChannelsMilliseconds)
}

/// What an outgoing migration that sends nothing for a while owes its destination, and expects of it. A test sets others.
struct OutgoingLimits: Sendable {
    /// How often the destination hears something.
    var word = Nanoseconds.milliseconds(MigrationLimits.pausedPartMilliseconds)
    /// How long the destination of a postcopy may leave that unanswered.
    var answer = Nanoseconds.milliseconds(Transport.stallDeadlineMilliseconds)
}
