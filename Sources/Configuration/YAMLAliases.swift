/// Keeps aliases (`*name`) away from the YAML library, which would put a copy of what they stand for into the tree: a few
/// hundred bytes of aliases of aliases are more copies than any memory holds.
///
/// Every asterisk is read as a private character that the text does not contain, so there are no aliases any more.
/// Inside of values and comments that changes nothing, as it is turned back; where an alias stood, the tree has a plain
/// value that begins with that character.
struct HiddenAliases {
    /// The text to be read.
    let text: String
    private let stand: Unicode.Scalar

    /// Nil if the text uses every private character itself.
    init?(_ original: String) {
        guard original.utf8.contains(UInt8(ascii: "*")) else {
            (text, stand) = (original, "*")
            return
        }
        let privateUse: ClosedRange<UInt32> = 0xe000...0xf8ff
        let used = Set(original.unicodeScalars.lazy.map(\.value).filter(privateUse.contains))
        guard let free = privateUse.first(where: { !used.contains($0) }).flatMap(Unicode.Scalar.init) else {
            return nil
        }
        stand = free
        text = Self.replacing("*", with: free, in: original)
    }

    /// What was written, of a value or message that was read from `text`.
    func original(_ value: String) -> String { Self.replacing(stand, with: "*", in: value) }

    /// Whether a plain (not quoted) value that was read is an alias.
    func isAlias(_ plain: String) -> Bool { stand != "*" && plain.unicodeScalars.first == stand }

    private static func replacing(_ old: Unicode.Scalar, with new: Unicode.Scalar, in text: String) -> String {
        guard old != new, text.unicodeScalars.contains(old) else { return text }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { scalars.append(scalar == old ? new : scalar) }
        return String(scalars)
    }
}
