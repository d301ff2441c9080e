/// What is in a recorded migration stream: every section, command and message of it as a value that says what it is,
/// where it lies and how large it is, of any machine, also of devices that nobody here knows.
///
/// `StreamAnalyzer` reads a `StreamSource` in one pass with a window of a few MiB, however large the stream is: payloads
/// of pages and disks are counted and not kept. It is asked for one `StreamItem` after the other. What breaks a stream
/// is a `StreamDamage`: what, in which section, at which byte; what was read of the section until then is its
/// `unfinished`.
///
/// The data of a device section has no length on the wire. Three things tell where it ends:
/// 1. the description behind the stream, which is looked for from the stream's end before the first section is read;
/// 2. without it, what is known of the sections `timer`, `globalstate` and `cpu_common`;
/// 3. else, the first footer with the section's id that is followed by what may follow a section.
public enum StreamAnalysis {
    /// The most bytes of one device's state that are kept while it is taken apart.
    public static let deviceStateLimit = 64 << 20
    /// The most RAM blocks, disks or bitmaps that are told apart.
    static let nameLimit = 4096
    /// How much is read at once, in bytes.
    static let windowSize = 1 << 20
}

/// Where a recorded stream is read from.
public protocol StreamSource {
    /// How many bytes it has.
    var size: UInt64 { get }
    /// Fills the front of `target` with bytes from `offset` on; returns how many, 0 only at the end.
    // SAFETY: the caller lends `target` for the length of the call; the source writes inside of it.
    func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws(StreamSourceFailure) -> Int
}

/// Why bytes of a recorded stream could not be read.
public struct StreamSourceFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// What the system says.
    public let description: String

    /// A failure that `description` explains.
    public init(_ description: String) { self.description = description }
}

/// Why a stream could not be read to its end.
public enum StreamAnalysisFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The stream is damaged.
    case damaged(StreamDamage)
    /// Its bytes could not be read.
    case unreadable(StreamSourceFailure)

    /// One line for people.
    public var description: String {
        switch self {
        case .damaged(let damage): damage.description
        case .unreadable(let failure): failure.description
        }
    }
}

/// What broke a stream.
public struct StreamDamage: Equatable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public var problem: String
    /// The section it is in; nil outside of sections.
    public var section: String?
    /// How many bytes of the stream come before it.
    public var offset: UInt64
    /// Whether the stream simply ends there.
    public var isTruncation: Bool

    /// One line for people.
    public var description: String {
        "\(problem), at byte \(offset)" + (section.map { " in section '\($0)'" } ?? "")
    }
}
