import Environment
import MigrationFormat
import SystemCalls
import Transport

/// Takes the pages that were asked for from the channel that they have for themselves (wire.md §9), on a thread of its own.
final class UrgentReceiver: Sendable {
    private struct State {
        var hasEnded = false
        var failure: MigrationFailure?
    }

    private let gate = ThreadGate(State())
    private let thread = ThreadGate<Thread?>(nil)
    private static let threadName = "urgent pages"

    /// Begins to read. `onFailure` is called, by the thread, when that ends before the source says so.
    init(
        on channel: Channel, layout: [BlockLayout], to placement: PostcopyPlacement,
        onFailure: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        // For as long as nothing is asked for, nothing comes.
        channel.stallDeadline = .never
        let started = try Thread(name: Self.threadName) { [self] in
            var failure: MigrationFailure?
            do throws(MigrationFailure) {
                try Self.receive(channel, layout, placement)
            } catch {
                failure = error
            }
            gate.withLock { state in
                state.hasEnded = true
                state.failure = failure
            }
            if failure != nil { onFailure() }
        }
        thread.withLock { $0 = started }
    }

    private static func receive(
        _ channel: Channel, _ layout: [BlockLayout], _ placement: PostcopyPlacement
    ) throws(MigrationFailure) {
        let reader = ElementReader(channel: channel, decoder: PostcopyChannelDecoder(layout: layout))
        let pages = PostcopyChannel(reader, to: placement, inflation: nil)
        while let element = try reader.next() {
            if try pages.take(element) { continue }
            if case .endOfSections = element { return }
        }
        throw .channel(.closedByPeer)
    }

    /// Why it ended before the source said so, if it did.
    var failure: MigrationFailure? { gate.withLock(notify: false) { $0.failure } }

    /// Waits for the source's word that there is nothing more, until `deadline`.
    func waitForEnd(until deadline: Nanoseconds) throws(MigrationFailure) {
        let end = gate.wait(until: deadline) { state in state.hasEnded ? state : nil }
        guard let end else { throw .peer("the channel of pages that were asked for does not end") }
        if let failure = end.failure { throw failure }
    }

    /// Waits for the thread, which ends with its channel.
    func join() { thread.withLock { $0 }?.join() }
}
