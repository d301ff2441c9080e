import Environment
import Transport

/// What an outgoing migration that sends nothing for a while owes its destination, and expects of it. A test sets others.
struct OutgoingLimits: Sendable {
    /// How often the destination hears something.
    var word = Nanoseconds.milliseconds(MigrationLimits.pausedPartMilliseconds)
    /// How long the destination of a postcopy may leave that unanswered.
    var answer = Nanoseconds.milliseconds(Transport.stallDeadlineMilliseconds)
}
