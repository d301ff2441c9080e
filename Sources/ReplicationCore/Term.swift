/// One of the two hosts of a pair, by its configured role. Who serves the guest at the moment is another matter.
public enum PairMember: UInt8, Sendable, Hashable, CaseIterable {
    /// The host whose configured role is primary.
    case first = 1
    /// The host whose configured role is secondary.
    case second = 2

    /// The other host.
    public var other: PairMember { self == .first ? .second : .first }
}

/// The number that grows with every change of who serves the guest.
///
/// Odd terms belong to the first member and even terms to the second, and only its owner serves in a term. So two
/// sides cannot serve in the same term whatever gets lost (I3), and a persisted term tells who served last.
public struct Term: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The number; 0 is before the first start of the pair.
    public let number: UInt64

    /// The term with this number.
    public init(_ number: UInt64) { self.number = number }

    /// Before the first start: nobody has served yet.
    public static let none = Term(0)

    /// The only member that may serve in this term; `nil` for `none`.
    public var owner: PairMember? { number == 0 ? nil : number % 2 == 1 ? .first : .second }

    /// The lowest term of `member` above this one.
    public func next(of member: PairMember) -> Term {
        let parity: UInt64 = member == .first ? 1 : 0
        // A term comes from a peer's message; saturate instead of trapping on a hostile one.
        guard number < UInt64.max - 2 else { return self }
        return Term(number + ((number + 1) % 2 == parity ? 1 : 2))
    }

    /// Whether the left term is older.
    public static func < (left: Term, right: Term) -> Bool { left.number < right.number }

    /// The number.
    public var description: String { "\(number)" }
}
