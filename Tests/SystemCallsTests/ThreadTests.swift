import Environment
import Synchronization
import SystemCalls
import Testing

@Suite("Threads and gates")
struct ThreadTests {
    private final class Resource: Sendable {
        private let onEnd: @Sendable () -> Void
        init(onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }
        func use() {}
        deinit { onEnd() }
    }

    @Test("a thread that has ended keeps nothing of what it worked on, though the thread itself is kept")
    func releasesItsBody() throws {
        let ended = ThreadGate(false)
        let thread = try Self.makeThread(with: Resource { ended.withLock { $0 = true } })
        let released = ended.wait(until: SystemClock().now() + .seconds(10)) { $0 ? true : nil }
        #expect(released == true)
        thread.join()
    }

    private static func makeThread(with resource: Resource) throws -> Thread {
        try Thread(name: "a name longer than the kernel takes") { resource.use() }
    }

    @Test("a wait ends at its deadline, and what holds then still counts")
    func waitEnds() {
        let gate = ThreadGate(0)
        #expect(gate.wait(until: .zero) { $0 > 0 ? $0 : nil } == nil)
        #expect(gate.wait(until: .zero) { $0 == 0 ? "zero" : nil } == "zero")
        #expect(gate.wait(until: SystemClock().now() + .milliseconds(1)) { $0 > 0 ? $0 : nil } == nil)
    }

    @Test("a change made with notification wakes every waiter")
    func notifies() throws {
        let gate = ThreadGate(0)
        let woken = Atomic<Int>(0)
        let threads = try (0..<4).map { index in
            try Thread(name: "waiter-\(index)") {
                if gate.wait(until: SystemClock().now() + .seconds(10), { $0 > 0 ? $0 : nil }) == 7 {
                    woken.add(1, ordering: .relaxed)
                }
            }
        }
        gate.withLock { $0 = 7 }
        for thread in threads { thread.join() }
        #expect(woken.load(ordering: .relaxed) == 4)
    }

    @Test("an event signal stays raised until it is lowered")
    func eventSignal() throws {
        let signal = try EventSignal()
        #expect(!signal.lower())
        signal.raise()
        signal.raise()
        #expect(signal.lower())
        #expect(!signal.lower())
    }
}
