import Glibc

/// What a host is called by those who connect to it: a name or an address.
public enum HostIdentity: Sendable, Hashable, CustomStringConvertible {
    /// A name, as a resolver knows it.
    case name(String)
    /// An address of 4 or 16 bytes.
    case address(bytes: [UInt8], text: String)

    /// Throws unless `text` is a name of the form that resolvers take, or an IPv4 or IPv6 address.
    public init(_ text: String) throws(CertificateError) {
        if let bytes = Self.address(text) {
            self = .address(bytes: bytes, text: text)
        } else if Self.isName(text) {
            self = .name(text)
        } else {
            throw .noHost(text)
        }
    }

    /// The text that it was made from.
    public var description: String {
        switch self {
        case .name(let text): text
        case .address(_, let text): text
        }
    }

    private static func address(_ text: String) -> [UInt8]? {
        // SAFETY: inet_pton(3) writes the 4 or 16 bytes of an address of its family; the array has 16.
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: 16)
            if unsafe inet_pton(family, text, &bytes) == 1 { return Array(bytes.prefix(count)) }
        }
        return nil
    }

    /// Labels of letters, digits, '-' and '_', which do not begin or end with '-'; the last one is no number, or it would be
    /// an address that was mistyped.
    private static func isName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        func isGood(_ byte: UInt8) -> Bool {
            let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            return isLetter || isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
        let dash = UInt8(ascii: "-")
        return labels.last?.allSatisfy(isDigit) == false
            && labels.allSatisfy {
                (1...63).contains($0.count) && $0.allSatisfy(isGood) && $0.first != dash && $0.last != dash
            }
    }
}

/// The common name of a certificate's subject.
public struct SubjectName: Sendable, Hashable {
    /// The most bytes that X.509 has for one.
    static let longest = 64

    /// The name alone.
    public let text: String

    /// Throws if the text is empty, too long or has control characters.
    public init(_ text: String) throws(CertificateError) {
        let isPlain = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }
        guard (1...Self.longest).contains(text.utf8.count), isPlain else { throw .noSubject(text) }
        self.text = text
    }
}
