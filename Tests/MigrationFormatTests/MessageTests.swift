import ByteCoding
import Testing

@testable import MigrationFormat

struct MessageTests {
    @Test func coloMessagesHaveTheirNumbers() throws {
        let messages: [(COLOMessage, [UInt8])] = [
            (.checkpointReady, [0, 0, 0, 0]), (.checkpointRequest, [0, 0, 0, 1]), (.checkpointReply, [0, 0, 0, 2]),
            (.vmstateSend, [0, 0, 0, 3]), (.vmstateSize(0x123), [0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 1, 0x23]),
            (.vmstateReceived, [0, 0, 0, 5]), (.vmstateLoaded, [0, 0, 0, 6]),
        ]
        var window = ByteWindow()
        for (message, bytes) in messages {
            #expect(message.bytes == bytes)
            for byte in bytes.dropLast() {
                window.append([byte])
                #expect(try COLOMessage.take(from: &window) == nil)
            }
            window.append(bytes.suffix(1))
            #expect(try COLOMessage.take(from: &window) == message)
        }
        #expect(window.available == 0)
    }

    @Test func unknownMessagesAndHugeBlobsAreRefused() {
        var unknown = ByteWindow([0, 0, 0, 7])
        #expect(throws: StreamError("Unknown COLO message 7", offset: 0)) { try COLOMessage.take(from: &unknown) }
        var huge = ByteWindow(COLOMessage.vmstateSize(MigrationFormat.deviceBlobLimit + 1).bytes)
        #expect(throws: StreamError.self) { try COLOMessage.take(from: &huge) }
    }

    @Test func returnPathMessagesAreReadAndOthersRefused() throws {
        var window = ByteWindow(ReturnPathMessage.pong(1).bytes + ReturnPathMessage.shut(3).bytes)
        #expect(try ReturnPathMessage.take(from: &window) == .pong(1))
        #expect(try ReturnPathMessage.take(from: &window) == .shut(3))
        #expect(try ReturnPathMessage.take(from: &window) == nil)
        var unknown = ByteWindow([0, 0, 0, 1])
        #expect {
            _ = try ReturnPathMessage.take(from: &unknown)
        } throws: {
            "\($0)".hasPrefix("RP: Received invalid message 0x0")
        }
        var wrongLength = ByteWindow([0, 1, 0, 5, 0, 0, 0, 0, 0])
        #expect(throws: StreamError.self) { try ReturnPathMessage.take(from: &wrongLength) }
    }
}

struct DeviceBlobTests {
    private static let counter = StreamBuilder(header: false).device("counter", data: [0, 0, 0, 0, 0, 0, 0, 1])
    private static let both = counter.device("text", version: 1, data: [0, 0, 0, 1, 65])

    @Test func aBlobIsReadWhole() throws {
        let blob = Self.both.adding { $0.write(UInt8(0)) }.bytes
        let expected: Set = [SectionKey(name: "counter", instance: 0), SectionKey(name: "text", instance: 0)]
        let sections = try DeviceBlob.decode(blob, handlers: FixtureHandlers(), expected: expected)
        #expect(sections.map(\.key.name) == ["counter", "text"])
    }

    @Test func aBlobThatLacksOrRepeatsASectionIsRefused() {
        let expected: Set = [SectionKey(name: "text", instance: 0)]
        let lacking = Self.counter.adding { $0.write(UInt8(0)) }.bytes
        #expect {
            _ = try DeviceBlob.decode(lacking, handlers: FixtureHandlers(), expected: expected)
        } throws: {
            "\($0)".hasPrefix("The device state lacks section 'text' 0")
        }
        let twice = Self.counter.device("counter", data: [0, 0, 0, 0, 0, 0, 0, 1]).adding { $0.write(UInt8(0)) }.bytes
        #expect(throws: StreamError.self) { _ = try DeviceBlob.decode(twice, handlers: FixtureHandlers()) }
    }

    @Test func everyPrefixAndEveryTrailerOfABlobIsRefused() {
        let blob = Self.both.adding { $0.write(UInt8(0)) }.bytes
        for count in 0..<blob.count {
            #expect(throws: StreamError.self) {
                _ = try DeviceBlob.decode(Array(blob.prefix(count)), handlers: FixtureHandlers())
            }
        }
        #expect(throws: StreamError.self) { _ = try DeviceBlob.decode(blob + [0], handlers: FixtureHandlers()) }
        let live = StreamBuilder(header: false).ramStart().bytes
        #expect(throws: StreamError.self) { _ = try DeviceBlob.decode(live, handlers: FixtureHandlers()) }
    }
}

struct VMStateTests {
    @Test func timersListsAndSubsectionsComeBack() throws {
        var writer = ByteWriter()
        writer.writeTimer(nil)
        writer.writeTimer(77)
        writer.writeList([1, 2, 3]) { $0.write(UInt16($1)) }
        writer.writeSubsection("dev/extra", version: 2) { $0.write(UInt8(9)) }
        var reader = ByteReader(writer.bytes)
        #expect(try reader.readTimer() == nil)
        #expect(try reader.readTimer() == 77)
        let list = try reader.readList(what: "entries", limit: 3) { (input) throws(ByteCodingError) in
            try input.read(UInt16.self)
        }
        #expect(list == [1, 2, 3])
        #expect(try reader.beginSubsection(of: "other") == nil)
        let subsection = try reader.beginSubsection(of: "dev")
        #expect(subsection?.name == "dev/extra")
        #expect(subsection?.version == 2)
        #expect(try reader.read(UInt8.self) == 9)
    }

    @Test func aListIsBounded() {
        var reader = ByteReader([1, 1, 1, 1, 0])
        #expect(throws: ByteCodingError.self) {
            _ = try reader.readList(what: "entries", limit: 3) { (_) throws(ByteCodingError) in 0 }
        }
    }
}
