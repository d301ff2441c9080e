import ByteCoding

/// A command of the source to the destination.
public enum MigrationCommand: Equatable, Sendable {
    /// Answer on the reverse direction from now on.
    case openReturnPath
    /// Answer PONG with the same value.
    case ping(UInt32)
    /// This stream ends in COLO, not in a running destination.
    case enableCOLO

    /// Writes the record.
    public func write(to writer: inout ByteWriter) {
        writer.write(RecordType.command.rawValue)
        switch self {
        case .openReturnPath: writeHeader(1, length: 0, to: &writer)
        case .ping(let value):
            writeHeader(2, length: 4, to: &writer)
            writer.write(value)
        case .enableCOLO: writeHeader(8, length: 0, to: &writer)
        }
    }

    private func writeHeader(_ number: UInt16, length: UInt16, to writer: inout ByteWriter) {
        writer.write(number)
        writer.write(length)
    }

    /// Names by number, and the payload length where it is fixed.
    static let known: [UInt16: (name: String, length: UInt16?)] = [
        1: ("OPEN_RETURN_PATH", 0), 2: ("PING", 4), 3: ("POSTCOPY_ADVISE", nil), 4: ("POSTCOPY_LISTEN", 0),
        5: ("POSTCOPY_RUN", 0), 6: ("POSTCOPY_RAM_DISCARD", nil), 7: ("PACKAGED", 4), 8: ("ENABLE_COLO", 0),
        9: ("POSTCOPY_RESUME", 0), 10: ("RECV_BITMAP", nil),
    ]
}
