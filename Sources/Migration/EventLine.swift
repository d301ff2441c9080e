import Synchronization

/// Events on their way to the owner: in the order in which they came about, and told without any lock that a query takes.
///
/// The thread that changes the state appends what follows from it with the state's lock held, so that the order is the state's,
/// and delivers after letting it go. When `deliver` returns, everything that was appended before the call was told.
final class EventLine: Sendable {
    private let waiting = Mutex<[MigrationEvent]>([])
    private let telling = Mutex<Void>(())
    private let tell: @Sendable (MigrationEvent) -> Void

    /// Tells events by calling `tell`, from any thread, one at a time. It passes them on and must not call back.
    init(_ tell: @escaping @Sendable (MigrationEvent) -> Void) { self.tell = tell }

    func append(_ event: MigrationEvent) { waiting.withLock { $0.append(event) } }

    func deliver() {
        telling.withLock { _ in
            while let event = waiting.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { tell(event) }
        }
    }
}
