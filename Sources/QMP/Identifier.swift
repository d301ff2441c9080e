extension String {
    /// Whether this can be the name of an object, a job or a disk: a letter, then letters, digits, '-', '.' and '_'.
    public var isIdentifier: Bool {
        guard let first = utf8.first, Self.isLetter(first) else { return false }
        return utf8.allSatisfy { byte in
            Self.isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_")].contains(byte)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
