import Environment
import ReplicationCore
import Testing

private func ms(_ count: UInt64) -> Nanoseconds { .milliseconds(count) }

private struct NoKey: MessageAuthenticator {
    func code(for bytes: [UInt8]) -> [UInt8] { [UInt8](repeating: UInt8(truncatingIfNeeded: bytes.count), count: 32) }
}

/// Both machines of one side, and the bytes that they send.
private struct Side {
    var driver: PairDriver
    let member: PairMember

    init(_ member: PairMember, profile: PairProfile = PairProfile()) {
        self.member = member
        let controller = PairController(
            configuration: .init(member: member), record: PairRecord(term: .none), now: .zero)
        let monitor = HeartbeatMonitor(
            configuration: .init(addresses: 1),
            identity: .init(member: member, instance: UInt64(member.rawValue), pair: "web", profile: profile),
            authenticator: NoKey(), report: controller.report(.zero), now: .zero)
        driver = PairDriver(controller: controller, monitor: monitor, profile: profile)
    }

    /// Everything that follows from an event, with the record written at once.
    mutating func take(_ input: PairDriver.Input, at now: Nanoseconds) -> [PairDriver.Effect] {
        driver.post(input)
        var effects: [PairDriver.Effect] = []
        while let effect = driver.next(now: now) {
            effects.append(effect)
            if case .pair(.persist(let record)) = effect { driver.post(.pair(.persisted(record))) }
        }
        return effects
    }
}

extension [PairDriver.Effect] {
    fileprivate var sent: [[UInt8]] {
        compactMap { if case .send(_, let bytes) = $0 { bytes } else { nil } }
    }
}

/// One executor, first in first out.
@Suite struct PairDriverTests {
    /// Connects both and hands over what they say until neither says anything more.
    private func connect(_ first: inout Side, _ second: inout Side, at now: Nanoseconds) -> [[UInt8]] {
        let nonces = ([UInt8](repeating: 1, count: 16), [UInt8](repeating: 2, count: 16))
        var toSecond = first.take(.network(.opened(1, dialled: 0, nonce: nonces.0)), at: now).sent
        var toFirst = second.take(.network(.opened(1, dialled: nil, nonce: nonces.1)), at: now).sent
        var all = toSecond
        for step in 0..<20 {
            let next = now + ms(UInt64(step) * 20)
            let (one, two) = (toFirst, toSecond)
            (toSecond, toFirst) = ([], [])
            for bytes in one { toSecond += first.take(.network(.received(1, bytes)), at: next).sent }
            for bytes in two { toFirst += second.take(.network(.received(1, bytes)), at: next).sent }
            toSecond += first.take(.timer, at: next).sent
            toFirst += second.take(.timer, at: next).sent
            all += toSecond
        }
        return all
    }

    /// Frames carry a sequence number after their header; a peer drops a link on which it does not rise.
    @Test func noMessageOvertakesAnEarlierOne() {
        var (first, second) = (Side(.first), Side(.second))
        let sent = connect(&first, &second, at: ms(10))
        let sequences = sent.filter { $0.count > 13 && $0[4] == 2 }.map {
            $0[5..<13].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        #expect(sequences.count > 5)
        #expect(sequences == sequences.sorted())
        #expect(Set(sequences).count == sequences.count)
        #expect(second.driver.monitor.ignoredPeers == 0)
    }

    @Test func theFirstStartGoesThroughTheDriversAlone() {
        var (first, second) = (Side(.first), Side(.second))
        _ = connect(&first, &second, at: ms(10))
        #expect(first.driver.controller.state == .takingOver)
        #expect(second.driver.controller.term == Term(1))
    }

    /// What an action says is sent before whatever follows it is done: the last word is out before the process goes.
    @Test func theLastWordIsSentBeforeTheProcessGoes() {
        var (first, second) = (Side(.first), Side(.second))
        _ = connect(&first, &second, at: ms(10))
        let effects = second.take(.pair(.leaveCommanded), at: ms(500))
        let leave = effects.firstIndex { $0 == .pair(.leave(.stop)) }
        let send = effects.firstIndex { if case .send = $0 { true } else { false } }
        #expect(leave != nil && send != nil && (send ?? .max) < (leave ?? 0))
    }

    @Test func sidesThatDifferSayWhatDiffers() {
        var first = Side(.first, profile: PairProfile([.init("memory", "1")]))
        var second = Side(.second, profile: PairProfile([.init("memory", "2")]))
        _ = connect(&first, &second, at: ms(10))
        #expect(first.driver.controller.differences == ["memory: 1 here, 2 there"])
        #expect(second.driver.controller.differences == ["memory: 2 here, 1 there"])
    }
}
