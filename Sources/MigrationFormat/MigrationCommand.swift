public import ByteCoding

/// What every destination may be told, of a precopy, a postcopy or COLO: the commands that a `StreamDecoder` lets through
/// (`PostcopyCommand` has the others).
public enum MigrationCommand: Equatable, Sendable {
    /// Answer on the reverse direction from now on.
    case openReturnPath
    /// Answer PONG with the same value.
    case ping(UInt32)
    /// This stream ends in COLO, not in a running destination.
    case enableCOLO

    /// The numbers of these commands.
    static let numbers: Set<UInt16> = [1, 2, 8]

    /// Nil for a command that belongs to postcopy.
    init?(_ command: StreamCommand) {
        switch command {
        case .openReturnPath: self = .openReturnPath
        case .ping(let value): self = .ping(value)
        case .enableCOLO: self = .enableCOLO
        default: return nil
        }
    }

    /// Writes the record.
    public func write(to writer: inout ByteWriter) {
        let command: StreamCommand =
            switch self {
            case .openReturnPath: .openReturnPath
            case .ping(let value): .ping(value)
            case .enableCOLO: .enableCOLO
            }
        command.write(to: &writer)
    }
}
