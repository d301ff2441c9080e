import ByteCoding
import GuestMemory
import MigrationFormat
import SystemCalls
import Transport

/// Asks the source of a postcopy for pages, for whoever needs them: vCPUs and devices that must not wait.
///
/// A request leaves from the thread that needs the page, unless the channel is full or somebody else speaks: then a thread
/// of the requester's own sends it. While there is no channel nothing is kept: what was asked for and did not come is asked
/// for again when there is one.
final class PageRequester: Sendable {
    private struct State {
        var isOpen = false
        var hasEnded = false
        var waiting: [PageResidency.Place] = []
    }

    private let gate = ThreadGate(State())
    private let control: RunControl
    private let names: [String]
    private let lengths: [UInt32]
    private let thread = ThreadGate<Thread?>(nil)
    private static let threadName = "page requests"

    /// Nothing is asked for yet.
    init(for memory: GuestMemory, on control: RunControl) throws(SystemError) {
        self.control = control
        names = memory.blocks.map(\.name)
        lengths = memory.blocks.map { UInt32(max(targetPageSize, $0.hostPageSize)) }
        let started = try Thread(name: Self.threadName) { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Asks for the host page that begins at `place`. Does not block.
    func ask(for place: PageResidency.Place) {
        let isQuiet = gate.withLock(notify: false) { $0.isOpen && $0.waiting.isEmpty }
        // A channel that breaks is noticed by who reads it.
        if isQuiet, (try? control.sayAtOnce(request(place))) ?? true { return }
        gate.withLock { state in if state.isOpen { state.waiting.append(place) } }
    }

    /// There is a channel: asks for `outstanding` again, and from now on for what is needed.
    func open(_ outstanding: () -> [PageResidency.Place]) {
        gate.withLock { $0.isOpen = true }
        // What is needed from here on may be asked for twice; it is sent once.
        let again = outstanding()
        gate.withLock { $0.waiting += again }
    }

    /// The channel is gone.
    func close() {
        gate.withLock { state in
            state.isOpen = false
            state.waiting = []
        }
    }

    /// Nothing is asked for any more.
    func end() {
        gate.withLock { $0.hasEnded = true }
        thread.withLock { $0 }?.join()
    }

    private func run() {
        while true {
            let places = gate.wait { state -> [PageResidency.Place]? in
                if state.hasEnded { return [] }
                guard !state.waiting.isEmpty else { return nil }
                defer { state.waiting = [] }
                return state.waiting
            }
            guard let places, !places.isEmpty else { return }
            for place in places { try? control.say(request(place)) }
        }
    }

    /// Every request names its block: who has read the one before, and whether it did, need not be known.
    private func request(_ place: PageResidency.Place) -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        ReturnPathRecord.requestPages(
            start: UInt64(place.page) * UInt64(targetPageSize), length: lengths[place.block],
            block: names[place.block]
        ).write(to: &writer)
        return writer.bytes
    }
}
