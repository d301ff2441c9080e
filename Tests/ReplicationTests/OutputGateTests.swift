import Environment
import PacketPath
import Synchronization
import SystemCalls
import Testing

@testable import Replication

struct OutputGateTests {
    /// Two network cards behind one gate.
    struct Cards {
        let backends = [RecordingBackend(), RecordingBackend()]
        let holds: [OutputHold]
        let gate: OutputGate

        init() {
            holds = backends.map { OutputHold($0) }
            gate = OutputGate(holds: holds)
        }

        /// The guest sends `byte` through both cards.
        func send(_ byte: UInt8) { for hold in holds { hold.send([byte]) } }

        /// What left, the same through both.
        var sent: [UInt8] {
            #expect(backends[0].sent == backends[1].sent)
            return backends[0].sent.flatMap { $0 }
        }
    }

    @Test func nothingIsHeldBeforeARun() {
        let cards = Cards()
        cards.send(1)
        #expect(cards.sent == [1])
    }

    @Test func nothingLeavesBeforeItsCheckpointIsReleased() {
        let cards = Cards()
        cards.gate.beginRun()
        cards.send(1)
        cards.gate.seal()
        cards.send(2)
        #expect(cards.sent == [])
        #expect(cards.gate.held == (4, 4))
        #expect(cards.gate.release(throughCheckpoint: 1))
        #expect(cards.sent == [1])
        cards.gate.seal()
        cards.send(3)
        cards.gate.seal()
        cards.send(4)
        #expect(cards.gate.release(throughCheckpoint: 2))
        #expect(cards.sent == [1, 2])
        #expect(cards.gate.release(throughCheckpoint: 3))
        #expect(cards.sent == [1, 2, 3])
        #expect(cards.gate.held == (2, 2))
    }

    @Test func theInitialSynchronisationReleasesWhatWasSentBeforeItAlone() {
        let cards = Cards()
        cards.gate.beginRun()
        cards.send(1)
        cards.gate.seal()
        #expect(cards.gate.release(throughCheckpoint: 0))
        #expect(cards.sent == [])
    }

    @Test func checkpointsCountFromOneInEachRun() {
        let cards = Cards()
        cards.gate.beginRun()
        for byte: UInt8 in 1...3 {
            cards.send(byte)
            cards.gate.seal()
        }
        #expect(cards.gate.release(throughCheckpoint: 2))
        #expect(cards.sent == [1, 2])
        cards.gate.open()
        #expect(cards.sent == [1, 2, 3])
        cards.send(4)
        #expect(cards.sent == [1, 2, 3, 4])

        cards.gate.beginRun()
        cards.send(5)
        cards.gate.seal()
        cards.send(6)
        #expect(cards.sent == [1, 2, 3, 4])
        #expect(cards.gate.release(throughCheckpoint: 1))
        #expect(cards.sent == [1, 2, 3, 4, 5])
        #expect(cards.gate.held == (2, 2))
    }

    /// A run that failed while output was held, and another one that begins before anybody let that go.
    @Test func outputOfAFailedRunIsCoveredByTheNextRun() {
        let cards = Cards()
        cards.gate.beginRun()
        cards.send(1)
        cards.gate.seal()
        cards.send(2)
        cards.gate.beginRun()
        cards.send(3)
        cards.gate.seal()
        cards.send(4)
        #expect(cards.sent == [])
        #expect(cards.gate.release(throughCheckpoint: 1))
        #expect(cards.sent == [1, 2, 3])
    }

    @Test func aPermissionThatRanOutReleasesNothing() {
        let cards = Cards()
        cards.gate.beginRun()
        cards.send(1)
        cards.gate.seal()
        #expect(!cards.gate.release(throughCheckpoint: 1, before: SystemClock().now()))
        #expect(cards.sent == [])
        #expect(cards.gate.release(throughCheckpoint: 1, before: SystemClock().now() + .seconds(60)))
        #expect(cards.sent == [1])
    }

    @Test func aFencedGateNeverOpensAgain() {
        let cards = Cards()
        cards.gate.beginRun()
        cards.send(1)
        cards.gate.seal()
        cards.gate.fence()
        _ = cards.gate.release(throughCheckpoint: 1)
        cards.gate.open()
        cards.send(2)
        #expect(cards.sent == [])
        #expect(cards.gate.held == (0, 0))
    }

    /// The process stands still between two frames, until the permission has run out.
    @Test func aFreezeWhileEverythingIsReleasedLeavesTheRestHeld() {
        let network = FreezingBackend()
        let holds = [OutputHold(network), OutputHold(RecordingBackend())]
        let gate = OutputGate(holds: holds)
        gate.beginRun()
        for byte: UInt8 in 1...3 { holds[0].send([byte]) }
        let deadline = SystemClock().now() + .milliseconds(500)
        network.freeze(until: deadline)
        #expect(!gate.open(before: deadline))
        #expect(network.sent.count <= 1)
        for hold in holds { hold.send([4]) }
        #expect(network.sent.count <= 1)
        #expect(holds.allSatisfy { $0.mode == .holding })
        network.freeze(until: .zero)
        #expect(gate.open(before: SystemClock().now() + .seconds(60)))
        #expect(network.sent == [[1], [2], [3], [4]])
        #expect(holds.allSatisfy { $0.mode == .passing })
    }

    @Test func noCardPassesFramesWhenThePermissionRanOut() {
        let cards = Cards()
        cards.gate.beginRun()
        cards.send(1)
        #expect(!cards.gate.open(before: SystemClock().now()))
        cards.send(2)
        #expect(cards.sent == [])
        // The next run counts from where each card stands.
        cards.gate.beginRun()
        cards.send(3)
        cards.gate.seal()
        cards.send(4)
        #expect(cards.gate.release(throughCheckpoint: 1))
        #expect(cards.sent == [1, 2, 3])
    }
}

/// A network whose first frame takes as long as the process that sends it stands still.
private final class FreezingBackend: NetworkBackend {
    private let recorder = RecordingBackend()
    private let end = Mutex(Nanoseconds.zero)

    var sent: [[UInt8]] { recorder.sent }
    func freeze(until end: Nanoseconds) { self.end.withLock { $0 = end } }
    func send(_ frame: [UInt8]) {
        recorder.send(frame)
        while SystemClock().now() < end.withLock({ $0 }) {}
    }
    func start(receiver: @escaping @Sendable ([UInt8]) -> Void) throws(NetworkError) {}
    func stop() {}
}
