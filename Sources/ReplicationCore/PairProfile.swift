import ByteCoding

/// What has to be equal on both sides of a pair: size and parts of the machine, the files that it boots, the versions
/// of what they speak. Told in the heartbeat's hello, so that two sides that differ say so before the first byte of a
/// checkpoint.
public struct PairProfile: Sendable, Equatable {
    /// One property.
    public struct Entry: Sendable, Equatable {
        /// What it is ("memory", "kernel").
        public var name: String
        /// Its value, as a person may read it ("268435456", the start of a digest).
        public var value: String

        /// A property.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The largest number of entries.
    public static let maximumEntries = 24
    /// The longest name or value, in bytes of UTF-8.
    public static let maximumText = 40

    /// The properties, in a fixed order.
    public private(set) var entries: [Entry] = []

    /// A profile of these entries; what is too long or too much is cut off.
    public init(_ entries: [Entry] = []) {
        self.entries = entries.prefix(Self.maximumEntries).map { Entry(Self.cut($0.name), Self.cut($0.value)) }
    }

    private static func cut(_ text: String) -> String {
        var result = ""
        for letter in text {
            guard result.utf8.count + letter.utf8.count <= maximumText else { break }
            result.append(letter)
        }
        return result
    }

    /// What differs from the peer's, one text for each property: "memory: 268435456 here, 134217728 there".
    public func differences(from peer: PairProfile) -> [String] {
        var texts: [String] = []
        for entry in entries {
            let other = peer.entries.first { $0.name == entry.name }?.value ?? "none"
            if other != entry.value { texts.append("\(entry.name): \(entry.value) here, \(other) there") }
        }
        for entry in peer.entries where !entries.contains(where: { $0.name == entry.name }) {
            texts.append("\(entry.name): none here, \(entry.value) there")
        }
        return texts
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(entries.count))
        for entry in entries {
            writer.writeString8(entry.name)
            writer.writeString8(entry.value)
        }
    }

    static func read(from reader: inout ByteReader) throws(ByteCodingError) -> PairProfile {
        let count: UInt8 = try reader.read()
        var entries: [Entry] = []
        for _ in 0..<count {
            let name = try reader.readString8()
            entries.append(Entry(name, try reader.readString8()))
        }
        return PairProfile(entries)
    }
}
