import Environment
import Glibc
import GuestMemory
import MigrationFormat
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// What is heard of a destination whose channel breaks.
struct RequestListenerTests {
    private let machine: TestMachine
    private let channel: Channel
    private let peer: Channel
    private let notices = ThreadGate<[String]>([])

    init() throws {
        machine = try TestMachine(megabytes: 1)
        (channel, peer) = try Self.pair()
    }

    private static func pair() throws -> (Channel, Channel) {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        return (
            Channel(Descriptor(owning: ends[0]), name: "here"), Channel(Descriptor(owning: ends[1]), name: "there")
        )
    }

    private func listen(isResuming: Bool = false) throws -> RequestListener {
        try RequestListener(on: channel, layout: machine.machine.layout, isResuming: isResuming) { [notices] notice in
            let text =
                switch notice {
                case .runs: "runs"
                case .cannotSend: "cannot send"
                case .gaveUp(let word): "gave up \(word)"
                case .failed: "failed"
                }
            // What it leads to may take its time.
            usleep(50_000)
            notices.withLock { $0.append(text) }
        }
    }

    private func say(_ bytes: [UInt8]) throws {
        try peer.write(bytes)
        try peer.flush()
        peer.shutDown()
    }

    private static let request = ReturnPathRecord.requestPages(
        start: 4096, length: 4096, block: PostcopyToNobody.block
    ).alone
    private static let soon = SystemClock().now() + .seconds(20)

    /// The page cannot be sent, and behind its request stands where the guest is.
    @Test func anAnswerIsHeardBeforeTheFailureIsTold() throws {
        let listener = try listen()
        let (urgent, requested) = try Self.pair()
        let unsent = try machine.machine.memory.makePageSets()
        for set in unsent { set.insertAll() }
        requested.shutDown()
        urgent.breakOff()
        listener.serve(
            with: PostcopySender(
                of: machine.machine, unsent: unsent, on: .init(main: channel, urgent: urgent), releasesRAM: false))
        try say(Self.request + Self.request + ReturnPathMessage.pong(4).bytes)
        #expect(listener.waitForEnd(until: Self.soon) != nil)
        listener.join()
        #expect(notices.withLock { $0 } == ["cannot send", "runs", "failed"])
    }

    /// The package may have left, and sending has failed before anybody could serve.
    @Test func theLastWordIsHeardBehindARequestThatNobodyServes() throws {
        let listener = try listen()
        try say(Self.request + ReturnPathRecord.shut(1).alone)
        #expect(listener.hearOut(until: Self.soon))
        #expect(notices.withLock { $0 } == ["gave up 1"], "not all is told when it is over")
    }

    @Test func aChannelThatIsOpenIsHeardOutNoLongerThanUntilThen() throws {
        let listener = try listen()
        #expect(!listener.hearOut(until: SystemClock().now() + .milliseconds(50)))
        try say([])
        listener.join()
    }

    /// Whoever tells what has arrived has taken the guest over.
    @Test func theFirstAnswerInARecoveryTellsWhereTheGuestIs() throws {
        let listener = try listen(isResuming: true)
        try say(PostcopyToNobody.bitmap())
        #expect(listener.hearOut(until: Self.soon))
        #expect(notices.withLock { $0 } == ["runs", "failed"])
    }
}
