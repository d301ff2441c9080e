import ByteCoding
import Environment
import Testing

@testable import MigrationFormat

extension SeededGenerator {
    /// A number below `limit`.
    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    mutating func name() -> String { String((0..<below(20)).map { _ in "abcdefgh.0/:é"[below(13)] }) }

    mutating func raw(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }

    mutating func word() -> UInt32 { UInt32(truncatingIfNeeded: next()) }
}

extension String {
    subscript(offset: Int) -> Character { self[index(startIndex, offsetBy: offset)] }
}

/// What every record must hold: the same value comes back from its bytes; a part of them asks for more, of no more than
/// the record has; and whatever is damaged is read or refused inside of the bytes there are.
func holds<Record: WireRecord>(
    _ make: (inout SeededGenerator) -> Record, rounds: Int = 200, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    var random = SeededGenerator(seed: 0x7ec0)
    for _ in 0..<rounds {
        let record = make(&random)
        let bytes = record.bytes
        var window = ByteWindow(bytes + [0xaa, 0xbb])
        guard case .complete(let back, let end) = try Record.take(from: &window) else {
            Issue.record("\(record) does not come back", sourceLocation: sourceLocation)
            continue
        }
        #expect(back == record && end == bytes.count && window.available == 2, sourceLocation: sourceLocation)
        for count in 0..<bytes.count {
            let reading = try Record.read(ByteWindow(Array(bytes.prefix(count))), at: 0)
            guard case .needBytes(let needed) = reading else {
                Issue.record("\(record) is complete after \(count) bytes", sourceLocation: sourceLocation)
                continue
            }
            #expect(needed > count && needed <= bytes.count, sourceLocation: sourceLocation)
        }
        for _ in 0..<20 {
            var damaged = bytes
            for _ in 0...random.below(3) { damaged[random.below(damaged.count)] ^= 1 << UInt8(random.below(8)) }
            do throws(StreamError) {
                if case .complete(_, let end) = try Record.read(ByteWindow(damaged), at: 0) {
                    #expect(end <= damaged.count, sourceLocation: sourceLocation)
                }
            } catch {
                #expect(error.offset <= UInt64(bytes.count), sourceLocation: sourceLocation)
            }
        }
    }
}

/// Reads bytes that are exactly one record.
func only<Record: WireRecord>(_ bytes: [UInt8], as type: Record.Type = Record.self) throws -> Record {
    var window = ByteWindow(bytes)
    guard case .complete(let record, _) = try Record.take(from: &window), window.available == 0 else {
        throw StreamError("\(bytes) is not one \(Record.self)", offset: window.offset)
    }
    return record
}

/// What is said of bytes that are no record; nil if they are one or the beginning of one.
func refusal<Record: WireRecord>(_ bytes: [UInt8], as type: Record.Type) -> String? {
    do throws(StreamError) {
        _ = try Record.read(ByteWindow(bytes), at: 0)
        return nil
    } catch {
        return error.problem
    }
}

func be16(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }
func be32(_ value: UInt32) -> [UInt8] { be16(UInt16(value >> 16)) + be16(UInt16(value & 0xffff)) }
func be64(_ value: UInt64) -> [UInt8] { be32(UInt32(value >> 32)) + be32(UInt32(value & 0xffff_ffff)) }
func str8(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
