import Testing

@testable import PacketPath

/// A frame that can be told from others by its first two bytes.
func numberedFrame(_ number: Int, count: Int = 60) -> [UInt8] {
    var frame = [UInt8](repeating: 0, count: max(2, count))
    frame[0] = UInt8(truncatingIfNeeded: number >> 8)
    frame[1] = UInt8(truncatingIfNeeded: number)
    return frame
}

func number(of frame: [UInt8]) -> Int { Int(frame[0]) << 8 | Int(frame[1]) }

@Suite("Output hold, the rules")
struct OutputHoldStateTests {
    private func holding(limit: Int = 1 << 20, dropLimit: Int = 4 << 20) -> OutputHoldState {
        var state = OutputHoldState(limit: limit, dropLimit: dropLimit)
        state.beginHolding()
        return state
    }

    @Test("passes frames on until holding begins")
    func passesAtFirst() {
        var state = OutputHoldState(limit: 1000, dropLimit: 4000)
        #expect(state.send(numberedFrame(1)) == .pass)
        state.beginHolding()
        #expect(state.send(numberedFrame(2)) == .heldFirst)
        #expect(state.heldPackets == 1)
        #expect(state.heldBytes == 60)
        #expect(state.counters.passed.frames == 1)
    }

    @Test("releases exactly the epochs that were acknowledged, in order")
    func releasesByEpoch() {
        var state = holding()
        _ = state.send(numberedFrame(1))
        _ = state.send(numberedFrame(2))
        let first = state.seal()
        _ = state.send(numberedFrame(3))
        let second = state.seal()
        _ = state.send(numberedFrame(4))
        #expect(second == first + 1)
        #expect(state.nextFrame(through: first).map(number) == 1)
        #expect(state.nextFrame(through: first).map(number) == 2)
        #expect(state.nextFrame(through: first) == nil)
        #expect(state.nextFrame(through: second).map(number) == 3)
        #expect(state.nextFrame(through: second) == nil)
        #expect(state.heldPackets == 1)
        #expect(state.counters.released.frames == 3)
    }

    @Test("never releases what was sent before holding began twice, nor numbers an epoch twice")
    func epochsAreNeverReused() {
        var state = holding()
        let first = state.seal()
        state.beginLeaving()
        #expect(state.nextFrameWhileLeaving() == nil)
        #expect(state.mode == .passing)
        state.beginHolding()
        _ = state.send(numberedFrame(1))
        #expect(state.nextFrame(through: first) == nil, "an old acknowledgement releases nothing new")
        #expect(state.seal() > first)
    }

    @Test("asks for a checkpoint once per epoch when the open epoch passes the limit")
    func reportsLimitOncePerEpoch() {
        let cost = 60 + OutputHoldState.frameOverhead
        var state = holding(limit: 2 * cost, dropLimit: 100 * cost)
        #expect((0..<5).map { state.send(numberedFrame($0)) } == [.heldFirst, .held, .heldPastLimit, .held, .held])
        _ = state.seal()
        #expect((0..<4).map { state.send(numberedFrame($0)) } == [.heldFirst, .held, .heldPastLimit, .held])
    }

    @Test("drops the newest frames when all epochs together are far past the limit")
    func dropsNewest() {
        let cost = 60 + OutputHoldState.frameOverhead
        var state = holding(limit: cost, dropLimit: 4 * cost)
        for number in 0..<3 { _ = state.send(numberedFrame(number)) }
        let epoch = state.seal()
        #expect(state.send(numberedFrame(3)) == .heldFirst)
        #expect(state.send(numberedFrame(4)) == .dropped)
        #expect(state.counters.dropped.frames == 1)
        #expect(state.nextFrame(through: epoch).map(number) == 0)
        #expect(state.send(numberedFrame(5)) == .heldPastLimit, "there is room again")
        #expect(state.heldPackets == 4)
    }

    @Test("a failed epoch is never sent, and holding goes on")
    func discards() {
        var state = holding()
        _ = state.send(numberedFrame(1))
        let failed = state.seal()
        _ = state.send(numberedFrame(2))
        state.discardAll()
        _ = state.send(numberedFrame(3))
        #expect(state.nextFrame(through: failed) == nil)
        let epoch = state.seal()
        #expect(state.nextFrame(through: epoch).map(number) == 3)
        #expect(state.counters.discarded.frames == 2)
        #expect(state.counters.discarded.bytes == 120)
    }

    @Test("leaving sends what is held before what is sent meanwhile, then passes")
    func leavesInOrder() {
        var state = holding()
        _ = state.send(numberedFrame(1))
        _ = state.seal()
        _ = state.send(numberedFrame(2))
        state.beginLeaving()
        #expect(state.nextFrameWhileLeaving().map(number) == 1)
        #expect(state.send(numberedFrame(3)) == .held, "a newer frame must not overtake")
        #expect(state.nextFrameWhileLeaving().map(number) == 2)
        #expect(state.nextFrameWhileLeaving().map(number) == 3)
        #expect(state.nextFrameWhileLeaving() == nil)
        #expect(state.send(numberedFrame(4)) == .pass)
    }

    @Test("once fenced nothing leaves, whatever happens")
    func fences() {
        var state = holding()
        _ = state.send(numberedFrame(1))
        let epoch = state.seal()
        state.fence()
        #expect(state.send(numberedFrame(2)) == .dropped)
        #expect(state.nextFrame(through: epoch) == nil)
        state.beginLeaving()
        #expect(state.nextFrameWhileLeaving() == nil)
        state.beginHolding()
        #expect(state.mode == .fenced)
        #expect(state.send(numberedFrame(3)) == .dropped)
        #expect(state.counters.fenced.frames == 2)
        #expect(state.heldPackets == 0)
    }
}
