/// UTF-8 as QMP takes it: the zero character may be written in two bytes (C0 80), and code points that Unicode reserves
/// as noncharacters are refused.
enum WireText {
    /// The text of `bytes`; nil if one of its sequences stands for no character.
    static func strict(_ bytes: ArraySlice<UInt8>) -> String? {
        if !mayHoldNoncharacters(bytes), let text = String(validating: bytes, as: UTF8.self) { return text }
        var text = ""
        var index = bytes.startIndex
        while index < bytes.endIndex {
            guard let scalar = scalar(bytes, &index) else { return nil }
            text.unicodeScalars.append(scalar)
        }
        return text
    }

    /// False if it is certain that there are none: they all have EF B7, BF BE or BF BF in them.
    private static func mayHoldNoncharacters(_ bytes: ArraySlice<UInt8>) -> Bool {
        var last: UInt8 = 0
        for byte in bytes {
            if byte >= 0xb7, last == 0xef && byte == 0xb7 || last == 0xbf && byte >= 0xbe { return true }
            last = byte
        }
        return false
    }

    /// The text of `bytes`, with U+FFFD for each sequence that stands for no character.
    static func lossy(_ bytes: ArraySlice<UInt8>) -> String {
        var text = ""
        var index = bytes.startIndex
        while index < bytes.endIndex { text.unicodeScalars.append(scalar(bytes, &index) ?? "\u{fffd}") }
        return text
    }

    /// Whether a string may hold the character.
    static func isCharacter(_ scalar: Unicode.Scalar) -> Bool {
        !(0xfdd0...0xfdef).contains(scalar.value) && scalar.value & 0xfffe != 0xfffe
    }

    /// Reads one sequence, whether it stands for a character or not: its first byte with as many of the continuation
    /// bytes that it asks for as there are.
    private static func scalar(_ bytes: ArraySlice<UInt8>, _ index: inout Int) -> Unicode.Scalar? {
        let first = bytes[index]
        index += 1
        if first < 0x80 { return Unicode.Scalar(first) }
        let length = (~first).leadingZeroBitCount
        guard (2...6).contains(length) else { return nil }
        var value = UInt32(first & (0x7f >> length))
        var count = 1
        while count < length, index < bytes.endIndex, bytes[index] & 0xc0 == 0x80 {
            value = value << 6 | UInt32(bytes[index] & 0x3f)
            index += 1
            count += 1
        }
        guard count == length, length <= 4 else { return nil }
        let least: [UInt32] = [0x80, 0x800, 0x10000]
        let isZero = length == 2 && value == 0
        guard isZero || value >= least[length - 2], let scalar = Unicode.Scalar(value) else { return nil }
        return isCharacter(scalar) ? scalar : nil
    }
}
