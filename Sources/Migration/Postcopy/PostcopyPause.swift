import MigrationCore

/// Why a postcopy has paused, on one of its sides, and how it goes on.
public struct PostcopyPause: Sendable, Equatable, CustomStringConvertible {
    /// Where the guest is, as far as this side knows.
    public enum Place: Sendable, Equatable {
        /// Here, at the destination.
        case here
        /// At the destination, which has answered that it takes over, and this is the source.
        case there
        /// At the destination or nowhere, and this is the source, which heard nothing of it.
        case unknown
        /// As `there` if `isKnown`, else as `unknown`, where this side has given back to its host what left, so that nothing
        /// can go on.
        case lost(isKnown: Bool)
    }

    /// What happened.
    public var why: String
    /// Where the guest is.
    public var place: Place

    /// What it means for the guest, and what its operator can do; one line.
    public var description: String { "postcopy is paused (\(why)): \(advice)" }

    private var advice: String {
        switch place {
        case .here:
            "the guest runs here until it needs a page that its source still has; 'migrate-recover' here and then 'migrate' "
                + "with 'resume' there let it go on"
        case .there:
            "the destination has answered that it takes the guest over, and may lack pages that are here; "
                + "'migrate-recover' there and then 'migrate' with 'resume' here let it go on"
        case .unknown:
            "whether the guest runs at its destination is not known, so it stands here; if the destination is paused, too, "
                + "'migrate-recover' there and then 'migrate' with 'resume' here let it go on; only if the destination is "
                + "dead for certain, 'cont' takes the guest back here"
        case .lost(let isKnown):
            "with release-ram, what has left is here no more, so the guest cannot go on here; "
                + (isKnown
                    ? "the destination has answered that it takes it over, and has it until it needs a page that has not come"
                    : "whether it runs at its destination is not known")
        }
    }
}

extension SourceMachine {
    /// Why it has paused last; nil if it never has.
    var pause: PostcopyPause? {
        guard let pauseReason else { return nil }
        let place: PostcopyPause.Place = hasRunElsewhere ? .there : .unknown
        return PostcopyPause(
            why: pauseReason, place: configuration.releasesRAM ? .lost(isKnown: hasRunElsewhere) : place)
    }
}

extension DestinationMachine {
    /// The same.
    var pause: PostcopyPause? { pauseReason.map { PostcopyPause(why: $0, place: .here) } }
}
