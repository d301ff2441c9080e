import Environment
import SystemCalls
import Testing

@testable import PacketPath

@Suite("Announcement after a move")
struct AnnouncementTests {
    private let address = EthernetAddress([0x52, 0x54, 0x00, 0x12, 0x34, 0x56])

    @Test("the frame is a broadcast RARP request reverse of 60 bytes")
    func frameBytes() throws {
        let address = try #require(address)
        let mac: [UInt8] = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56]
        var expected = [UInt8](repeating: 0xff, count: 6) + mac + [0x80, 0x35]
        expected += [0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x03]
        expected += mac + [0, 0, 0, 0] + mac + [0, 0, 0, 0] + [UInt8](repeating: 0, count: 18)
        #expect(address.announcement == expected)
        #expect(address.announcement.count == 60)
        #expect(address.description == "52:54:00:12:34:56")
        #expect(EthernetAddress([1, 2, 3]) == nil)
    }

    @Test("the default frames go out at 0, 50, 200, 450 and 800 ms")
    func defaultSchedule() {
        #expect(times(AnnounceParameters()) == [0, 50, 200, 450, 800])
    }

    @Test("delays are capped, and odd parameters do no harm")
    func otherSchedules() {
        #expect(times(AnnounceParameters(initial: 100, max: 250, rounds: 5, step: 100)) == [0, 100, 300, 550, 800])
        #expect(times(AnnounceParameters(initial: 500, max: 10, rounds: 3, step: 0)) == [0, 10, 20])
        #expect(times(AnnounceParameters(rounds: 1)) == [0])
        #expect(AnnounceParameters(rounds: 0).delay(afterRound: 0) == nil)
        #expect(AnnounceParameters(initial: 1, max: 9, rounds: .max, step: .max).delay(afterRound: 2) == 9)
    }

    @Test("sends the first frame at once and the others later, each device its own address")
    func sendsRounds() throws {
        let one = RecordingBackend()
        let two = RecordingBackend()
        let first = try #require(address)
        let second = try #require(EthernetAddress([2, 0, 0, 0, 0, 9]))
        let parameters = AnnounceParameters(initial: 1, max: 1, rounds: 3, step: 0)
        let announcer = Announcer([(one, first), (two, second)], parameters: parameters)
        try announcer.start()
        #expect(one.sent.first == first.announcement)
        #expect(announcer.waitUntilFinished(deadline: SystemClock().now() + .seconds(10)))
        #expect(one.sent == Array(repeating: first.announcement, count: 3))
        #expect(two.sent == Array(repeating: second.announcement, count: 3))
    }

    @Test("sends nothing more once cancelled")
    func cancels() throws {
        let network = RecordingBackend()
        let parameters = AnnounceParameters(initial: 60_000, max: 60_000, rounds: 5, step: 0)
        let announcer = Announcer([(network, try #require(address))], parameters: parameters)
        try announcer.start()
        announcer.cancel()
        #expect(announcer.waitUntilFinished(deadline: SystemClock().now() + .seconds(10)))
        #expect(network.sent.count == 1)
    }

    private func times(_ parameters: AnnounceParameters) -> [UInt64] {
        var times: [UInt64] = [0]
        while let delay = parameters.delay(afterRound: UInt64(times.count - 1)) {
            times.append(times[times.count - 1] + delay)
        }
        return times
    }
}
