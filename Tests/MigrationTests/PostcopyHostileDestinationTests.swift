import ByteCoding
import Environment
import GuestMemory
import MigrationFormat
import PairLab
import QAPI
import SystemCalls
import Testing

@testable import Migration
@testable import Transport

/// A source of a postcopy, and what a destination says that it should not.
@Suite(.serialized) struct PostcopyHostileDestinationTests {
    enum Word: CaseIterable {
        case beyond, acrossTheEnd, misaligned, oddLength, noLength, fourGiB, unknownBlock, unnamed, unknownType,
            tooLong, bitmap
        case failed, fineTooEarly, wrongAcknowledgement

        private static func request(_ start: UInt64, _ length: UInt32, _ block: String? = PostcopyToNobody.block)
            -> [UInt8]
        {
            ReturnPathRecord.requestPages(start: start, length: length, block: block).alone
        }

        var bytes: [UInt8] {
            switch self {
            case .beyond: Self.request(PostcopyToNobody.size, 4096)
            case .acrossTheEnd: Self.request(PostcopyToNobody.size - 4096, 8192)
            case .misaligned: Self.request(2048, 4096)
            case .oddLength: Self.request(4096, 100)
            case .noLength: Self.request(4096, 0)
            case .fourGiB: Self.request(0, 0xffff_f000)
            case .unknownBlock: Self.request(0, 4096, "nobody")
            case .unnamed: Self.request(0, 4096, nil)
            case .unknownType: [0, 9, 0, 0]
            case .tooLong: [0, 3, 2, 1]
            case .bitmap: PostcopyToNobody.bitmap()
            case .failed: ReturnPathRecord.shut(1).alone
            case .fineTooEarly: ReturnPathRecord.shut(0).alone
            case .wrongAcknowledgement: ReturnPathRecord.resumeAcknowledged(7).alone
            }
        }

        var reason: String {
            switch self {
            case .beyond: "RP: request overrun start=100000 len=1000 blocklen=100000"
            case .acrossTheEnd: "RP: request overrun start=ff000 len=2000 blocklen=100000"
            case .misaligned: "RP: Misaligned page request, start: 800 len: 4096"
            case .oddLength: "RP: Misaligned page request, start: 1000 len: 100"
            case .noLength: "RP: Misaligned page request, start: 1000 len: 0"
            case .fourGiB: "RP: request overrun start=0 len=fffff000 blocklen=100000"
            case .unknownBlock: "RP: no block 'nobody'"
            case .unnamed: "RP: a page request without a block"
            case .unknownType: "RP: Received invalid message 0x9 length 0x0"
            case .tooLong: "RP: Received invalid message 0x3 length 0x201"
            case .bitmap: "RP: Received a bitmap of block 'ram' that was not asked for"
            case .failed: "The destination said SHUT 1 before it had all pages"
            case .fineTooEarly: "The destination said SHUT 0 before it had all pages"
            case .wrongAcknowledgement: "RP: illegal resume_ack value 7"
            }
        }
    }

    @Test(arguments: Word.allCases) func whatMakesNoSensePausesItAndIsNamed(word: Word) throws {
        let postcopy = try PostcopyToNobody()
        postcopy.say(word.bytes)
        let reason = try postcopy.awaitPause()
        #expect(reason.contains(word.reason), "\(reason)")
        try postcopy.recoverAndComplete()
    }

    @Test func theEndOfTheChannelPausesItAndIsNamed() throws {
        let postcopy = try PostcopyToNobody()
        postcopy.channel.shutDown()
        let reason = try postcopy.awaitPause()
        #expect(!reason.isEmpty && reason != "It was paused", "\(reason)")
        try postcopy.recoverAndComplete()
    }

    @Test func aPageThatIsAskedForAMillionTimesIsSentOnce() throws {
        let count = 1_000_000
        let postcopy = try PostcopyToNobody()
        let before = try ResidentMemory.bytes()
        postcopy.say(.requestPages(start: 1 << 19, length: 4096, block: PostcopyToNobody.block))
        let again = ReturnPathRecord.requestPages(start: 1 << 19, length: 4096, block: nil).alone
        let many = Array(repeating: again, count: 10_000).flatMap(\.self)
        for _ in 0..<count / 10_000 { postcopy.say(many) }
        // Said behind them, so it is heard when they were.
        let last = ReturnPathRecord.requestPages(start: (1 << 20) - 4096, length: 4096, block: nil)
        postcopy.say(last)
        try postcopy.complete()
        let ram = try #require(postcopy.source.controller.queryMigrate().ram)
        #expect(ram.postcopyRequests == Int64(count) + 2)
        #expect(ram.normal + ram.duplicate <= 256 + 1, "pages were sent twice: \(ram)")
        #expect(try ResidentMemory.bytes() < before + 32 << 20)
    }

    enum Answer: CaseIterable {
        case wrongSize, noEndMark, twice, unknownBlock, wrongAcknowledgement, endAtOnce, endBehindBitmap, garbage, shut

        var bytes: [UInt8] {
            let good = PostcopyToNobody.bitmap()
            switch self {
            case .wrongSize: return PostcopyToNobody.bitmap(ofPages: 64)
            case .noEndMark: return good.dropLast(8) + [UInt8](repeating: 1, count: 8)
            case .twice: return good + good
            case .unknownBlock: return ReturnPathRecord.receivedBitmap(block: "nobody").alone
            case .wrongAcknowledgement: return good + ReturnPathRecord.resumeAcknowledged(2).alone
            case .endAtOnce: return []
            case .endBehindBitmap: return good
            case .garbage: return Array("GET / HTTP/1.0\r\n\r\n".utf8)
            case .shut: return ReturnPathRecord.shut(1).alone
            }
        }

        var reason: String {
            switch self {
            case .wrongSize: "A bitmap of 8 bytes for a block of 256 pages"
            case .noEndMark: "The bitmap of received pages has no end mark"
            case .twice: "RP: Received a bitmap of block 'ram' that was not asked for"
            case .unknownBlock: "RP: no block 'nobody'"
            case .wrongAcknowledgement: "RP: illegal resume_ack value 2"
            case .endAtOnce, .endBehindBitmap: ""
            case .garbage: "RP: Received invalid message 0x4745"
            case .shut: "The destination said SHUT 1"
            }
        }
    }

    @Test(arguments: Answer.allCases) func whoCannotRecoverLeavesItPausedAndIsNamed(answer: Answer) throws {
        let postcopy = try PostcopyToNobody()
        try postcopy.source.controller.migratePause()
        #expect(try postcopy.awaitPause() == "It was paused")
        try postcopy.resume()
        postcopy.say(answer.bytes)
        if answer == .endBehindBitmap { #expect(postcopy.collector.awaits(StreamCommand.postcopyResume.alone)) }
        if answer.reason.isEmpty { postcopy.channel.shutDown() }
        let reason = try postcopy.awaitPause(2)
        #expect(reason.contains(answer.reason) && !reason.isEmpty, "\(reason)")
        #expect(postcopy.source.awaits("recovery refused: \(reason)"))
        try postcopy.recoverAndComplete()
    }

    @Test func itIsPausedAtOnceByCommandAndOnlyOnce() throws {
        let postcopy = try PostcopyToNobody()
        let begin = SystemClock().now()
        try postcopy.source.controller.migratePause()
        _ = try postcopy.awaitPause()
        #expect(SystemClock().now() - begin < .seconds(1))
        #expect { try postcopy.source.controller.migratePause() } throws: {
            "\($0)" == "migrate-pause is currently only supported during postcopy-active state"
        }
    }

    @Test func whatWasReleasedCannotBeSentAgain() throws {
        let postcopy = try PostcopyToNobody([.releaseRam])
        try postcopy.source.controller.migratePause()
        _ = try postcopy.awaitPause()
        #expect { try postcopy.source.controller.migrate(uri: "tcp:127.0.0.1:1", resume: true).start() } throws: {
            "\($0)" == "Postcopy recovery cannot work when release-ram capability is set"
        }
        #expect(postcopy.source.controller.queryMigrate().status == .postcopyPaused)
    }
}

/// Memory that this process takes.
enum ResidentMemory {
    static func bytes() throws -> Int {
        let text = try readText("/proc/self/statm")
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return try #require(pages) * 4096
    }
}
