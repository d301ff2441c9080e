import ByteCoding
import Testing

/// The error that `body` throws; nil if it throws none.
private func failure(_ body: () throws(ByteCodingError) -> Void) -> ByteCodingError? {
    do throws(ByteCodingError) {
        try body()
        return nil
    } catch {
        return error
    }
}

@Suite struct ReadingBytes {
    @Test func integersAreBigEndianUnlessNamedOtherwise() throws {
        var reader = ByteReader([
            0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
        ])
        #expect(try reader.read(UInt8.self) == 0x01)
        #expect(try reader.read(UInt16.self) == 0x0203)
        #expect(try reader.read(UInt32.self) == 0x0405_0607)
        #expect(try reader.readLittleEndian(UInt32.self) == 0x0b0a_0908)
        #expect(try reader.readLittleEndian(UInt16.self) == 0x0d0c)
        #expect(try reader.readBool())
        #expect(reader.remaining == 1)
        #expect(reader.peek() == 0x0f)
        #expect(Array(reader.peekRest()) == [0x0f])
        #expect(!reader.isAtEnd)
    }

    @Test func aValueThatIsCutShortIsNamedAndLeavesTheReaderWhereItWas() throws {
        var reader = ByteReader([1, 2, 3])
        try reader.skip(1)
        let error = failure { () throws(ByteCodingError) in _ = try reader.read(UInt32.self) }
        #expect(error == .truncated(offset: 1, needed: 4, available: 2))
        #expect(reader.offset == 1)
        #expect(try reader.read(UInt16.self) == 0x0203)
    }

    @Test(arguments: [-1, Int.min, Int.max, 4])
    func aCountThatCannotBeIsRefused(count: Int) {
        var reader = ByteReader([1, 2, 3])
        #expect(failure { () throws(ByteCodingError) in _ = try reader.readBytes(count) } != nil)
        #expect(failure { () throws(ByteCodingError) in try reader.skip(count) } != nil)
        #expect(failure { () throws(ByteCodingError) in try reader.require(count) } != nil)
        #expect(reader.offset == 0)
    }

    @Test(arguments: [(-5, 0), (2, 2), (3, 3), (99, 3)])
    func aStartOutsideOfTheBytesIsMovedInside(start: Int, offset: Int) {
        #expect(ByteReader([1, 2, 3], from: start).offset == offset)
    }

    @Test func textHasALengthInFront() throws {
        var reader = ByteReader([3] + Array("ram".utf8) + [0])
        #expect(try reader.readString8() == "ram")
        #expect(try reader.readString8() == "")
        #expect(reader.isAtEnd)
    }

    @Test(arguments: [
        ([], ByteCodingError.truncated(offset: 0, needed: 1, available: 0)),
        ([4, 0x72, 0x61], .truncated(offset: 1, needed: 4, available: 2)),
        ([2, 0xc3, 0x28], .notText(offset: 1)),
        ([3, 0xed, 0xa0, 0x80], .notText(offset: 1)),
    ])
    func hostileTextIsNamedAndStaysUnread(bytes: [UInt8], expected: ByteCodingError) {
        var reader = ByteReader(bytes)
        #expect(failure { () throws(ByteCodingError) in _ = try reader.readString8() } == expected)
        #expect(reader.offset == 0)
    }

    @Test func anEmptyReaderHasNothing() {
        var reader = ByteReader([])
        #expect(reader.isAtEnd)
        #expect(reader.peek() == nil)
        #expect(failure { () throws(ByteCodingError) in _ = try reader.readBool() } != nil)
    }
}

@Suite struct WritingBytes {
    @Test func whatIsWrittenReadsBackTheSame() throws {
        var writer = ByteWriter(capacity: 64)
        writer.write(UInt8(0xfe))
        writer.write(UInt64.max - 1)
        writer.write(Int16(-2))
        writer.writeLittleEndian(UInt32(0x0102_0304))
        writer.write(true)
        writer.writeString8("ram")
        writer.writeZeroes(2)
        writer.write([7, 8] as [UInt8])
        writer.writeZeroes(-1)
        var reader = ByteReader(writer.bytes)
        #expect(writer.count == writer.bytes.count)
        #expect(try reader.read(UInt8.self) == 0xfe)
        #expect(try reader.read(UInt64.self) == .max - 1)
        #expect(try reader.read(UInt16.self) == UInt16(bitPattern: -2))
        #expect(try reader.readBytes(4) == [4, 3, 2, 1])
        #expect(try reader.readBool())
        #expect(try reader.readString8() == "ram")
        #expect(try reader.readBytes(4) == [0, 0, 7, 8])
        #expect(reader.isAtEnd)
    }

    @Test func textIsCutBetweenLettersWhenItIsTooLong() throws {
        var writer = ByteWriter()
        writer.writeString8(String(repeating: "a", count: 254) + "é")
        var reader = ByteReader(writer.bytes)
        #expect(try reader.readString8() == String(repeating: "a", count: 254))
        #expect(reader.isAtEnd)
    }
}
