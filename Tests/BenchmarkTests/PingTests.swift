import Testing

@testable import colobench

@Suite("Echo requests") struct PingTests {
    @Test func aRequestHasItsChecksum() {
        let packet = Ping.request(identifier: 0x1234, number: 0x0102)
        #expect(packet.count == 64)
        #expect(Array(packet[..<2] + packet[4..<8]) == [8, 0, 0x12, 0x34, 1, 2])
        // The sum over a packet with its right checksum is zero.
        #expect(Ping.checksum(packet) == 0)
        #expect(Ping.checksum([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]) == 0x220d)
    }

    @Test func onlyTheAnswerToARequestOfOursCounts() {
        // An IPv4 header of 24 bytes, then an echo reply to request 258 of identifier 0x1234.
        let header: [UInt8] = [0x46] + Array(repeating: 0, count: 23)
        let reply: [UInt8] = [0, 0, 0, 0, 0x12, 0x34, 1, 2]
        #expect(Ping.answer((header + reply)[...], identifier: 0x1234) == 258)
        #expect(Ping.answer((header + reply)[...], identifier: 0x1235) == nil)
        #expect(Ping.answer((header + [8] + reply.dropFirst())[...], identifier: 0x1234) == nil)
        #expect(Ping.answer((header + reply.dropLast())[...], identifier: 0x1234) == nil)
        #expect(Ping.answer([], identifier: 0x1234) == nil)
    }
}
