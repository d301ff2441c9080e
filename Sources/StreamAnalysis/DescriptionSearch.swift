import MigrationFormat

/// Finds the description from the end of a stream: `00 06 be32 length {…}`, of which the length tells exactly how far
/// the end is.
public enum DescriptionSearch {
    private static let chunkSize = 1 << 20
    private static let headSize = 7

    /// The text's bytes; nil if the stream does not end in a description of a size that is taken apart.
    public static func find(in source: any StreamSource) throws(StreamAnalysisFailure) -> [UInt8]? {
        guard source.size > UInt64(headSize) else { return nil }
        let lowest = source.size - min(source.size, UInt64(StreamDescription.textLimit + headSize))
        var end = source.size
        // From the end, in pieces that overlap by what must be seen at once.
        while end > lowest + UInt64(headSize) {
            let start = max(lowest, end - min(end, UInt64(chunkSize)))
            let piece = try bytes(of: source, from: start, count: Int(end - start))
            if let index = head(in: piece, at: start, of: source.size) {
                let text = start + UInt64(index + headSize - 1)
                return try bytes(of: source, from: text, count: Int(source.size - text))
            }
            guard start > lowest else { return nil }
            end = start + UInt64(headSize)
        }
        return nil
    }

    /// Where in the piece a record begins that reaches to the end of the stream.
    private static func head(in piece: [UInt8], at start: UInt64, of size: UInt64) -> Int? {
        var index = piece.count - headSize
        while index >= 0 {
            if piece[index] == 0, piece[index + 1] == RecordType.description.rawValue,
                piece[index + 6] == UInt8(ascii: "{")
            {
                let length = piece[index + 2..<index + 6].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                if start + UInt64(index + 6) + length == size { return index }
            }
            index -= 1
        }
        return nil
    }

    private static func bytes(
        of source: any StreamSource, from start: UInt64, count: Int
    ) throws(StreamAnalysisFailure) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            var failure: StreamSourceFailure?
            let received = unsafe result.withUnsafeMutableBytes { raw in
                // SAFETY: the source fills a part of the array for the length of this call.
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: raw[done...])
                do throws(StreamSourceFailure) {
                    return try unsafe source.read(at: start + UInt64(done), into: rest)
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw .unreadable(failure) }
            guard received > 0 else {
                throw .unreadable(StreamSourceFailure("the stream became shorter while it was read"))
            }
            done += received
        }
        return result
    }
}
