import Synchronization

/// What a command leaves to be done once its reply is on its way, so that no event that follows from it overtakes the
/// reply.
public final class AfterReply: Sendable {
    @TaskLocal static var current: AfterReply?
    private let bodies = Mutex<[@Sendable () -> Void]>([])

    /// Runs `body` after the reply of the command that runs in this task; at once outside of one. It must not wait.
    public static func run(_ body: @escaping @Sendable () -> Void) {
        guard let current else { return body() }
        current.bodies.withLock { $0.append(body) }
    }

    /// Does what was left. To be called when the reply has been put into the outbox.
    func perform() {
        let all = bodies.withLock { bodies in
            defer { bodies = [] }
            return bodies
        }
        for body in all { body() }
    }
}
