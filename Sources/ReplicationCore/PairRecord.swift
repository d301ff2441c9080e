/// What a member of a pair remembers across restarts: its term, and what it may have promised or begun in it.
///
/// A text of lines `name value`, so that an operator can read it; unknown names are ignored.
public struct PairRecord: Sendable, Equatable {
    /// The term that this side serves or acknowledges, or is about to.
    public var term: Term
    /// The term that this side asks its peer for; nil if it asks for none. Written before the peer is asked, so that no
    /// peer gives anything up for a side that cannot write what it needs to go on.
    public var claimed: Term?
    /// The peer may have taken over in a higher term that this side never heard of; see PairController.
    public var peerMayHaveTakenOver: Bool
    /// The term that superseded this side, until it has held a checkpoint again; nil if none did.
    public var supersededBy: Term?

    /// A record of `term`.
    public init(
        term: Term, claimed: Term? = nil, peerMayHaveTakenOver: Bool = false, supersededBy: Term? = nil
    ) {
        self.term = term
        self.claimed = claimed
        self.peerMayHaveTakenOver = peerMayHaveTakenOver
        self.supersededBy = supersededBy
    }

    /// Why a record cannot be read.
    public struct Malformed: Error, Sendable, Equatable, CustomStringConvertible {
        /// What is wrong.
        public let description: String
    }

    private static let title = "colod-pair-record 1"
    private static let names: Set<Substring> = [
        "term", "claimed", "peer-may-have-taken-over", "superseded-by",
    ]

    /// The text that `init(bytes:)` reads.
    public var bytes: [UInt8] {
        var text = "\(Self.title)\nterm \(term.number)\n"
        if let claimed { text += "claimed \(claimed.number)\n" }
        if peerMayHaveTakenOver { text += "peer-may-have-taken-over 1\n" }
        if let supersededBy { text += "superseded-by \(supersededBy.number)\n" }
        return Array((text + "end\n").utf8)
    }

    /// Reads a record. A file that is cut off, damaged or foreign is refused: guessing a term could start a second
    /// primary.
    public init(bytes: [UInt8]) throws(Malformed) {
        // A damaged name must not pass for an unknown one.
        let isText = bytes.allSatisfy { $0 == UInt8(ascii: "\n") || (0x20..<0x7f).contains($0) }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard isText, lines.first == Self.title[...], lines.last == "end" else {
            throw Malformed(description: "it is no whole record of a pair")
        }
        var numbers: [Substring: UInt64] = [:]
        for line in lines.dropFirst().dropLast() {
            let words = line.split(separator: " ", maxSplits: 1)
            guard let name = words.first, Self.names.contains(name) else { continue }
            guard words.count == 2, let number = UInt64(words[1]), numbers.updateValue(number, forKey: name) == nil
            else { throw Malformed(description: "the line '\(line)' cannot be read") }
        }
        guard let number = numbers["term"] else { throw Malformed(description: "it names no term") }
        term = Term(number)
        claimed = numbers["claimed"].map { Term($0) }
        peerMayHaveTakenOver = numbers["peer-may-have-taken-over"] == 1
        supersededBy = numbers["superseded-by"].map { Term($0) }
    }
}
