/// Keeps two features of YAML away from the library that reads it, with which small texts cost it more memory or time
/// than anybody has: aliases (`*name`), of which it puts copies into the tree, and copies of copies; and keys that are
/// no plain text (`? key`), which it compares whole on every level of nesting.
///
/// Every asterisk and question mark is read as a private character that the text does not contain, so neither means
/// anything any more. Inside of values and comments that changes nothing, as it is turned back; where one of them was an
/// indicator, the tree has a plain value that begins with the private character, or there is no tree.
struct HiddenIndicators {
    /// The text to be read.
    let text: String
    /// What is written and what is read in its place.
    private let pairs: [(written: Unicode.Scalar, read: Unicode.Scalar)]

    private static let privateUse: ClosedRange<UInt32> = 0xe000...0xf8ff

    /// Nil if the text uses every private character itself.
    init?(_ original: String) {
        let written = (["*", "?"] as [Unicode.Scalar]).filter(original.unicodeScalars.contains)
        let used = Set(original.unicodeScalars.lazy.map(\.value).filter(Self.privateUse.contains))
        let free = Self.privateUse.lazy.filter { !used.contains($0) }.compactMap(Unicode.Scalar.init).prefix(2)
        guard free.count == 2 else { return nil }
        let pairs = zip(written, free).map { (written: $0, read: $1) }
        self.pairs = pairs
        text = Self.replacing(in: original) { scalar in pairs.first { $0.written == scalar }?.read }
    }

    /// What was written, of a value or message that was read from `text`.
    func original(_ value: String) -> String {
        Self.replacing(in: value) { scalar in pairs.first { $0.read == scalar }?.written }
    }

    /// What was written, of a value without quotes; throws what is wrong with it if it begins with an indicator.
    func original(ofPlain value: String) throws(UnsupportedIndicator) -> String {
        let text = original(value)
        guard let first = value.unicodeScalars.first, let pair = pairs.first(where: { $0.read == first }) else {
            return text
        }
        if pair.written == "*" { throw .alias(visible(String(text.prefix(40)))) }
        // "?text" is text.
        if value.unicodeScalars.dropFirst().first?.properties.isWhitespace ?? true { throw .key }
        return text
    }

    private static func replacing(in text: String, _ change: (Unicode.Scalar) -> Unicode.Scalar?) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { scalars.append(change(scalar) ?? scalar) }
        return String(scalars)
    }
}

/// A feature of YAML that a configuration does without.
enum UnsupportedIndicator: Error, CustomStringConvertible {
    /// An alias, with its asterisk.
    case alias(String)
    /// A key after a question mark.
    case key

    var description: String {
        switch self {
        case .alias(let name): "has the alias '\(name)'; write out what it stands for"
        case .key: "has a key behind '?'; write KEY: VALUE"
        }
    }
}
