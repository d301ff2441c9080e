import Environment
import ReplicationCore
import Testing

private func ms(_ count: UInt64) -> Nanoseconds { .milliseconds(count) }

/// A keyed mix: good enough to tell keys apart.
private struct TestAuthenticator: MessageAuthenticator {
    var key: UInt8
    func code(for bytes: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: key, count: 32)
        for (index, byte) in bytes.enumerated() { code[index % 32] = (code[index % 32] &* 31) ^ byte &+ key }
        return code
    }
}

private func connection(_ member: PairMember, pair: String = "web", key: UInt8 = 7) -> HeartbeatConnection {
    HeartbeatConnection(
        identity: HeartbeatIdentity(member: member, instance: UInt64(member.rawValue) + 100, pair: pair),
        nonce: [UInt8](repeating: member.rawValue, count: 16), authenticator: TestAuthenticator(key: key))
}

private func message(_ sentAt: UInt64 = 5) -> HeartbeatMessage {
    var report = PairReport(term: Term(3), state: .holding)
    report.isServing = true
    report.isProtected = true
    report.checkpoint = 99
    report.request = .continueAlone(Term(5))
    return HeartbeatMessage(sentAt: ms(sentAt), echo: ms(4), timeout: ms(500), report: report)
}

@Suite struct HeartbeatConnectionTests {
    @Test func messagesArriveInPiecesOfAnySize() {
        var first = connection(.first)
        var second = connection(.second)
        #expect(first.send(message()) == nil)
        #expect(second.receive(first.greeting) == [.ready])
        #expect(first.receive(second.greeting) == [.ready])
        let bytes = first.send(message()) ?? []
        var outputs: [HeartbeatConnection.Output] = []
        for byte in bytes { outputs += second.receive([byte]) }
        #expect(outputs == [.message(message(), instance: 101)])
        #expect(second.isAuthenticated)
    }

    @Test(arguments: [
        PairRequest.none, .continueAlone(Term(9)), .takeOver(Term(2)), .start(Term(1)), .handOver,
    ])
    func everyReportSurvivesTheWire(_ request: PairRequest) {
        for state in PairState.allCases {
            var first = connection(.first)
            var second = connection(.second)
            _ = second.receive(first.greeting)
            _ = first.receive(second.greeting)
            var report = PairReport(term: Term(UInt64.max), state: state)
            report.isReady = true
            report.hasCheckpoint = true
            report.promises = true
            report.request = request
            let sent = HeartbeatMessage(sentAt: ms(1), echo: .zero, timeout: ms(500), report: report)
            let bytes = first.send(sent) ?? []
            #expect(second.receive(bytes) == [.message(sent, instance: 101)])
        }
    }

    @Test func anotherKeyIsNotAuthentic() {
        var first = connection(.first, key: 8)
        var second = connection(.second)
        _ = second.receive(first.greeting)
        _ = first.receive(second.greeting)
        let bytes = first.send(message()) ?? []
        #expect(second.receive(bytes) == [.fault(.notAuthentic)])
        #expect(!second.isAuthenticated)
        #expect(second.send(message()) == nil)
    }

    @Test func aRepeatedMessageIsRefused() {
        var first = connection(.first)
        var second = connection(.second)
        _ = second.receive(first.greeting)
        _ = first.receive(second.greeting)
        let bytes = first.send(message()) ?? []
        _ = second.receive(bytes)
        #expect(second.receive(bytes) == [.fault(.replayed(1))])
    }

    @Test func whatWasRecordedOnAnotherConnectionIsNotAuthentic() {
        var first = connection(.first)
        var recorded = connection(.second)
        _ = recorded.receive(first.greeting)
        _ = first.receive(recorded.greeting)
        let bytes = first.send(message()) ?? []
        var second = HeartbeatConnection(
            identity: HeartbeatIdentity(member: .second, instance: 102, pair: "web"),
            nonce: [UInt8](repeating: 9, count: 16), authenticator: TestAuthenticator(key: 7))
        #expect(second.receive(first.greeting + bytes) == [.ready, .fault(.notAuthentic)])
    }

    @Test func ourOwnMessagesSentBackAreRefused() {
        var first = connection(.first)
        let outputs = first.receive(first.greeting)
        #expect(outputs == [.fault(.ownGreeting)])
    }

    @Test func anotherPairIsRefused() {
        var first = connection(.first)
        #expect(first.receive(connection(.second, pair: "db").greeting) == [.fault(.otherPair("db"))])
    }

    @Test(arguments: [
        ([0, 0, 0, 0], HeartbeatFault.frameLength(0)),
        ([0, 0, 16, 1], .frameLength(4097)),
        ([255, 255, 255, 255], .frameLength(.max)),
        ([0, 0, 0, 1, 3], .unexpectedFrame(3)),
        ([0, 0, 0, 1, 2], .unexpectedFrame(2)),
        ([0, 0, 0, 9, 1] + Array("GET / HT".utf8), .notOurProtocol),
    ])
    func whatIsNoHeartbeatIsGivenUp(_ bytes: [UInt8], _ fault: HeartbeatFault) {
        var first = connection(.first)
        #expect(first.receive(bytes) == [.fault(fault)])
        #expect(first.receive(connection(.second).greeting) == [])
    }

    @Test func damagedBytesNeverCrashNorAuthenticate() {
        var chance = SeededGenerator(seed: 11)
        for _ in 0..<3000 {
            var first = connection(.first)
            var second = connection(.second)
            _ = first.receive(second.greeting)
            let greeting = first.greeting
            var bytes = greeting + (first.send(message()) ?? [])
            let position = Int.random(in: 0..<bytes.count, using: &chance)
            bytes[position] ^= UInt8.random(in: 1...255, using: &chance)
            let outputs = second.receive(bytes)
            #expect(!outputs.contains { if case .message = $0 { true } else { false } })
        }
    }
}

/// A monitor of the second member, and the connections of its peer.
private struct MonitorLab {
    var monitor: HeartbeatMonitor
    var peers: [UInt64: HeartbeatConnection] = [:]
    var actions: [HeartbeatMonitor.Action] = []

    init(addresses: Int = 1) {
        monitor = HeartbeatMonitor(
            configuration: .init(addresses: addresses),
            identity: HeartbeatIdentity(member: .second, instance: 102, pair: "web"),
            authenticator: TestAuthenticator(key: 7), report: PairReport(term: .none, state: .starting), now: .zero)
    }

    /// Opens a connection that the monitor dialled, with both hellos exchanged.
    mutating func open(_ id: UInt64, address: Int? = 0, instance: UInt64 = 101, key: UInt8 = 7, at now: Nanoseconds) {
        var peer = HeartbeatConnection(
            identity: HeartbeatIdentity(member: .first, instance: instance, pair: "web"),
            nonce: [UInt8](repeating: UInt8(id), count: 16), authenticator: TestAuthenticator(key: key))
        let opened = monitor.handle(.opened(id, dialled: address, nonce: [UInt8](repeating: 200, count: 16)), now: now)
        for case .send(id, let bytes) in opened { _ = peer.receive(bytes) }
        _ = monitor.handle(.received(id, peer.greeting), now: now)
        peers[id] = peer
    }

    mutating func hear(
        _ id: UInt64, sentAt: UInt64, echo: Nanoseconds = .zero, promises: Bool = false, at now: Nanoseconds
    ) -> [HeartbeatMonitor.Action] {
        var report = PairReport(term: Term(1), state: .protected)
        report.promises = promises
        let message = HeartbeatMessage(sentAt: ms(sentAt), echo: echo, timeout: ms(500), report: report)
        guard let bytes = peers[id]?.send(message) else { return [] }
        return monitor.handle(.received(id, bytes), now: now)
    }
}

extension [HeartbeatMonitor.Action] {
    fileprivate var losses: [PeerLoss] { compactMap { if case .peerLost(let loss) = $0 { loss } else { nil } } }
    fileprivate var promises: [Nanoseconds] {
        compactMap { if case .heard(_, let until) = $0 { until } else { nil } }
    }
    fileprivate var dials: [Int] { compactMap { if case .dial(let address) = $0 { address } else { nil } } }
}

@Suite struct HeartbeatMonitorTests {
    /// Ticks as an edge would; silence must not look as if this side had stood still.
    private func tick(_ lab: inout MonitorLab, from: UInt64, to: UInt64) -> [HeartbeatMonitor.Action] {
        var actions: [HeartbeatMonitor.Action] = []
        for time in stride(from: from, through: to, by: 50) {
            actions += lab.monitor.handle(.timer, now: ms(time))
        }
        return actions
    }

    @Test func silenceIsALossAfterTheTimeout() {
        var lab = MonitorLab()
        lab.open(1, at: ms(10))
        #expect(lab.hear(1, sentAt: 1, at: ms(100)).promises == [.zero])
        #expect(tick(&lab, from: 150, to: 550).losses == [])
        #expect(tick(&lab, from: 600, to: 700).losses == [.silent])
        #expect(!lab.monitor.isAlive)
    }

    @Test func aProcessThatDiedIsLostAsSoonAsItsAddressRefuses() {
        var lab = MonitorLab()
        lab.open(1, at: ms(10))
        _ = lab.hear(1, sentAt: 1, at: ms(100))
        #expect(lab.monitor.handle(.closed(1), now: ms(101)).dials == [0])
        #expect(lab.monitor.handle(.dialFailed(address: 0, refused: true), now: ms(102)).losses == [.refused])
    }

    @Test func withTwoAddressesBothHaveToRefuse() {
        var lab = MonitorLab(addresses: 2)
        lab.open(1, address: 0, at: ms(10))
        lab.open(2, address: 1, at: ms(10))
        _ = lab.hear(1, sentAt: 1, at: ms(100))
        _ = lab.hear(2, sentAt: 2, at: ms(100))
        _ = lab.monitor.handle(.closed(1), now: ms(101))
        #expect(lab.monitor.handle(.dialFailed(address: 0, refused: true), now: ms(102)).losses == [])
        #expect(lab.monitor.handle(.closed(2), now: ms(103)).dials == [0, 1])
        #expect(lab.monitor.handle(.dialFailed(address: 0, refused: true), now: ms(104)).losses == [])
        #expect(lab.monitor.handle(.dialFailed(address: 1, refused: false), now: ms(105)).losses == [])
        _ = lab.monitor.handle(.timer, now: ms(210))
        #expect(lab.monitor.handle(.dialFailed(address: 1, refused: true), now: ms(211)).losses == [.refused])
    }

    @Test func whoStoodStillGivesThePeerAFullTimeout() {
        var lab = MonitorLab()
        lab.open(1, at: ms(10))
        _ = lab.hear(1, sentAt: 1, at: ms(100))
        #expect(lab.monitor.handle(.timer, now: ms(5000)).losses == [])
        #expect(tick(&lab, from: 5050, to: 5450).losses == [])
        #expect(tick(&lab, from: 5500, to: 5500).losses == [.silent])
    }

    @Test func aPromiseCountsFromTheEchoedMessageAndNeverFromTheFuture() {
        var lab = MonitorLab()
        lab.open(1, at: ms(10))
        _ = lab.monitor.handle(.timer, now: ms(60))
        #expect(lab.hear(1, sentAt: 1, echo: ms(60), promises: true, at: ms(70)).promises == [ms(60 + 375)])
        #expect(lab.hear(1, sentAt: 2, echo: ms(60), promises: false, at: ms(71)).promises == [.zero])
        #expect(lab.hear(1, sentAt: 3, echo: ms(900), promises: true, at: ms(72)).promises == [.zero])
    }

    @Test func aMessageThatWasOvertakenOnAnotherConnectionIsIgnored() {
        var lab = MonitorLab(addresses: 2)
        lab.open(1, address: 0, at: ms(10))
        lab.open(2, address: 1, at: ms(10))
        #expect(lab.hear(1, sentAt: 20, at: ms(30)).promises.count == 1)
        #expect(lab.hear(2, sentAt: 19, at: ms(31)).promises == [])
        #expect(lab.monitor.lastHeardAt == ms(30))
    }

    @Test func aPeerWithoutTheKeyIsIgnoredAndCounted() {
        var lab = MonitorLab()
        lab.open(1, key: 8, at: ms(10))
        let actions = lab.hear(1, sentAt: 1, at: ms(20))
        #expect(actions.contains(.ignored(1, .notAuthentic)))
        #expect(actions.contains(.close(1)))
        #expect(actions.dials == [])
        #expect(lab.monitor.ignoredPeers == 1)
        #expect(!lab.monitor.isAlive)
    }

    @Test func unauthenticatedConnectionsAreLimitedAndGivenUp() {
        var lab = MonitorLab()
        for id in 1...8 as ClosedRange<UInt64> {
            _ = lab.monitor.handle(.opened(id, dialled: nil, nonce: [UInt8](repeating: 0, count: 16)), now: ms(10))
        }
        let ninth = lab.monitor.handle(.opened(9, dialled: nil, nonce: [UInt8](repeating: 0, count: 16)), now: ms(11))
        #expect(ninth.contains(.close(9)))
        let later = lab.monitor.handle(.timer, now: ms(520))
        #expect(later.count(where: { if case .close = $0 { true } else { false } }) == 8)
        #expect(lab.monitor.ignoredPeers == 9)
    }

    @Test func aSilentConnectionIsReplacedWhileTheOtherLives() {
        var lab = MonitorLab(addresses: 2)
        lab.open(1, address: 0, at: ms(10))
        lab.open(2, address: 1, at: ms(10))
        _ = lab.hear(1, sentAt: 1, at: ms(20))
        for time in stride(from: 60 as UInt64, through: 460, by: 50) {
            _ = lab.hear(2, sentAt: time, at: ms(time))
        }
        let actions = lab.hear(2, sentAt: 520, at: ms(520))
        #expect(actions.contains(.close(1)))
        #expect(actions.dials == [0])
        #expect(lab.monitor.isAlive)
    }

    @Test func aRestartedPeerReplacesItsOldConnections() {
        var lab = MonitorLab()
        lab.open(1, at: ms(10))
        _ = lab.hear(1, sentAt: 100, at: ms(100))
        lab.open(2, address: nil, instance: 201, at: ms(110))
        let actions = lab.hear(2, sentAt: 1, at: ms(120))
        #expect(actions.contains(.close(1)))
        #expect(actions.promises.count == 1)
    }

    /// A connection that the dead process had opened last brings what it said only now.
    @Test func whatADeadProcessSaidComesTooLate() {
        var lab = MonitorLab()
        lab.open(1, at: ms(10))
        _ = lab.hear(1, sentAt: 100, at: ms(100))
        lab.open(3, address: nil, at: ms(105))
        lab.open(2, address: nil, instance: 201, at: ms(110))
        _ = lab.hear(2, sentAt: 1, at: ms(120))
        let actions = lab.hear(3, sentAt: 101, at: ms(121))
        #expect(actions.contains(.close(3)))
        #expect(!actions.contains(.close(2)))
        #expect(actions.promises == [])
        #expect(lab.monitor.peerInstance == 201)
    }
}
