import Environment
import Testing

@testable import PacketPath

/// Drives a hold with random events and checks what leaves it against what was promised about each frame.
private struct HoldChecker {
    var random: SeededGenerator
    var state = OutputHoldState(limit: 1500, dropLimit: 6000)
    var nextNumber = 0
    /// The epoch of every frame that may still leave.
    var pending: [(number: Int, epoch: UInt64)] = []
    var lastSealed: UInt64 = 0
    var left: [Int] = []
    var fenced = false

    mutating func step() {
        switch random.next() % 16 {
        case 0..<7: send()
        case 7..<10: lastSealed = state.seal()
        case 10..<13: release()
        case 13: state.beginHolding()
        case 14: leave()
        default: rare()
        }
        #expect(left == left.sorted() && Set(left).count == left.count, "in order and once")
        #expect(state.heldPackets == pending.count)
        #expect(state.heldPackets * 60 == state.heldBytes)
        #expect(state.heldBytes + state.heldPackets * OutputHoldState.frameOverhead <= 6000)
    }

    private mutating func send() {
        let frame = numberedFrame(nextNumber)
        nextNumber += 1
        let isFirst = !pending.contains { $0.epoch == state.openEpoch }
        switch state.send(frame) {
        case .pass:
            #expect(state.mode == .passing && pending.isEmpty, "nothing overtakes a held frame")
            left.append(number(of: frame))
        case .heldFirst:
            #expect(isFirst && state.mode == .holding)
            pending.append((number(of: frame), state.openEpoch))
        case .held:
            #expect(!isFirst || state.mode == .leaving, "nobody was told that something is held")
            pending.append((number(of: frame), state.openEpoch))
        case .heldPastLimit: pending.append((number(of: frame), state.openEpoch))
        case .dropped: #expect(fenced || state.heldBytes > 2000)
        }
    }

    private mutating func release() {
        guard lastSealed > 0 else { return }
        let epoch = lastSealed - min(lastSealed - 1, random.next() % 3)
        let budget = random.chance(1, in: 4) ? 1 : Int.max
        var count = 0
        while count < budget, let frame = state.nextFrame(through: epoch) {
            count += 1
            accept(frame)
            if let sent = pending.first { #expect(sent.epoch <= epoch, "released before its checkpoint") }
            pending.removeFirst()
        }
        if count < budget { #expect(!pending.contains { $0.epoch <= epoch }, "a released frame was kept") }
    }

    private mutating func leave() {
        state.beginLeaving()
        let budget = random.chance(1, in: 2) ? 2 : Int.max
        var count = 0
        while count < budget, let frame = state.nextFrameWhileLeaving() {
            count += 1
            accept(frame)
            pending.removeFirst()
        }
        if count < budget, state.mode != .holding { #expect(pending.isEmpty) }
    }

    private mutating func accept(_ frame: [UInt8]) {
        #expect(!fenced, "a fenced hold sent a frame")
        #expect(pending.first?.number == number(of: frame), "not the oldest frame, or one that was discarded")
        left.append(number(of: frame))
    }

    private mutating func rare() {
        if random.chance(1, in: 40) {
            state.fence()
            fenced = true
        } else {
            state.discardAll()
        }
        pending = []
    }
}

@Suite("Output hold, properties")
struct OutputHoldPropertyTests {
    @Test("keeps its promises in any sequence of events", arguments: 1...60)
    func anySequence(seed: UInt64) {
        var checker = HoldChecker(random: SeededGenerator(seed: seed))
        for _ in 0..<600 { checker.step() }
        #expect(checker.nextNumber > 100)
    }
}
