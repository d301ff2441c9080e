import Environment
import Synchronization
import SystemCalls
import Testing

@testable import PacketPath

@Suite("Output hold, with threads")
struct OutputHoldTests {
    @Test("hands inbound frames straight to the guest while holding")
    func inboundPasses() throws {
        let network = RecordingBackend()
        let hold = OutputHold(network)
        let received = Mutex<[[UInt8]]>([])
        try hold.start { frame in received.withLock { $0.append(frame) } }
        hold.beginHolding()
        #expect(network.deliver(numberedFrame(7)))
        #expect(received.withLock { $0 } == [numberedFrame(7)])
        hold.stop()
        #expect(!network.deliver(numberedFrame(8)))
    }

    @Test("tells of the first frame of each epoch, and calls for a checkpoint when the limit is passed")
    func notices() {
        let notices = Mutex<[OutputHold.Notice]>([])
        let hold = OutputHold(RecordingBackend(), holdLimit: 1000) { notice in notices.withLock { $0.append(notice) } }
        for number in 0..<50 { hold.send(numberedFrame(number)) }
        #expect(notices.withLock { $0 } == [])
        for _ in 0..<2 { hold.beginRun() }
        for number in 0..<20 { hold.send(numberedFrame(number)) }
        #expect(notices.withLock { $0 } == [.first(checkpoint: 1), .pastLimit])
        _ = hold.sealEpoch()
        _ = hold.sealEpoch()
        for number in 0..<2 { hold.send(numberedFrame(number)) }
        #expect(notices.withLock { $0 }.last == .first(checkpoint: 3))
        hold.release(throughCheckpoint: 1)
        #expect(hold.heldPackets == 2)
    }

    /// A small limit asks for checkpoints early; what is lost, it does not decide.
    @Test("loses nothing for a small limit")
    func smallLimit() {
        let network = RecordingBackend()
        let hold = OutputHold(network, holdLimit: 1)
        hold.beginRun()
        for number in 0..<5000 { hold.send(numberedFrame(number)) }
        _ = hold.sealEpoch()
        hold.release(throughCheckpoint: 1)
        #expect(network.sent.count == 5000)
        #expect(hold.counters.dropped.frames == 0)
    }

    @Test("a permission that has run out releases nothing and keeps everything")
    func expiredPermission() {
        let network = RecordingBackend()
        let hold = OutputHold(network)
        hold.beginHolding()
        hold.send(numberedFrame(1))
        let epoch = hold.sealEpoch()
        #expect(hold.release(through: epoch, before: .zero) == .expired)
        #expect(network.sent.isEmpty)
        #expect(hold.heldPackets == 1)
        #expect(hold.release(through: epoch, before: SystemClock().now() + .seconds(60)) == .finished)
        #expect(network.sent == [numberedFrame(1)])
        hold.send(numberedFrame(2))
        hold.fence()
        #expect(hold.release(through: epoch) == .fenced)
        hold.releaseAllAndPass()
        #expect(network.sent.count == 1)
    }

    @Test("keeps the order while a guest sends and another thread seals, releases and leaves")
    func concurrentOrder() throws {
        let network = RecordingBackend()
        let hold = OutputHold(network, holdLimit: 64 << 20)
        let total = 20_000
        hold.beginHolding()
        let guest = try Thread(name: "guest") {
            for number in 0..<total { hold.send(numberedFrame(number)) }
        }
        for round in 0..<200 {
            hold.release(through: hold.sealEpoch())
            if round % 50 == 49 {
                hold.releaseAllAndPass()
                hold.beginHolding()
            }
        }
        guest.join()
        hold.releaseAllAndPass()
        #expect(network.sent.map(number(of:)) == Array(0..<total))
        let counters = hold.counters
        #expect(counters.passed.frames + counters.released.frames == UInt64(total))
    }

    @Test("after fence has returned no frame reaches the network, also from a release under way")
    func fenceIsABarrier() throws {
        for _ in 0..<50 {
            let network = RecordingBackend()
            let hold = OutputHold(network, holdLimit: 64 << 20)
            hold.beginHolding()
            for number in 0..<2000 { hold.send(numberedFrame(number)) }
            let epoch = hold.sealEpoch()
            let releaser = try Thread(name: "releaser") { hold.release(through: epoch) }
            hold.fence()
            let count = network.sent.count
            releaser.join()
            #expect(network.sent.count == count)
            #expect(network.sent.map(number(of:)) == Array(0..<count))
        }
    }
}
