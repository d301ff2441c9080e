public import ByteCoding

/// The encodings of vmstate that go beyond plain integers: timers, bitmaps, lists and subsections.
extension ByteWriter {
    /// A timer's expiry in nanoseconds; nil when it is not armed.
    public mutating func writeTimer(_ expiry: UInt64?) { write(expiry ?? .max) }

    /// Elements that are each preceded by 01 and ended by 00.
    public mutating func writeList<Element>(
        _ elements: some Sequence<Element>, _ body: (inout ByteWriter, Element) -> Void
    ) {
        for element in elements {
            write(UInt8(1))
            body(&self, element)
        }
        write(UInt8(0))
    }

    /// Optional fields behind a state; `name` must start with the name of the section.
    public mutating func writeSubsection(_ name: String, version: UInt32 = 1, _ body: (inout ByteWriter) -> Void) {
        write(RecordType.subsection.rawValue)
        writeString8(name)
        write(version)
        body(&self)
    }
}

extension ByteReader {
    /// A timer's expiry in nanoseconds; nil when it is not armed.
    public mutating func readTimer() throws(ByteCodingError) -> UInt64? {
        let value = try read(UInt64.self)
        return value == .max ? nil : value
    }

    /// Elements that are each preceded by a byte that is not 00, at most `limit` of them.
    public mutating func readList<Element>(
        what: String, limit: Int, _ body: (inout ByteReader) throws(ByteCodingError) -> Element
    ) throws(ByteCodingError) -> [Element] {
        var elements: [Element] = []
        while try read(UInt8.self) != 0 {
            guard elements.count < limit else {
                throw .tooLong(what: what, length: UInt64(limit) + 1, limit: UInt64(limit))
            }
            elements.append(try body(&self))
        }
        return elements
    }

    /// Begins the subsection whose name starts with `parent`, if one is next, and returns its name and version;
    /// else leaves everything unread.
    public mutating func beginSubsection(of parent: String) throws(ByteCodingError) -> (name: String, version: UInt32)?
    {
        guard peek() == RecordType.subsection.rawValue else { return nil }
        var probe = self
        try probe.skip(1)
        let name = try probe.readString8()
        guard name.hasPrefix(parent + "/") else { return nil }
        let version = try probe.read(UInt32.self)
        self = probe
        return (name, version)
    }
}
