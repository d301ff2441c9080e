/// Compression of what migrations send, by zlib and libzstd.
///
/// - `StreamCompressor` and `StreamDecompressor`: one stream for the whole life of a channel, in pieces each of which can
///   be read when it has come (a flush at its end).
/// - `PageDeflater` and `PageInflater`: one complete zlib stream for each page.
///
/// What comes in is hostile: no call produces more than the room it was given, and one that would is an error.
public protocol StreamCompressor: AnyObject {
    /// Writes all of `input`, compressed and flushed, to the start of `output`; returns how many bytes it takes. Throws if
    /// there is no room for it: then the stream is of no use any more.
    func compress(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) -> Int
}

/// The other end of a `StreamCompressor`. A piece is read by `begin`, as many `take` as there are places, and `finish`.
public protocol StreamDecompressor: AnyObject {
    /// The next piece is `input`, which must stay valid until `finish` has returned.
    func begin(_ input: UnsafeRawBufferPointer)
    /// Fills `place`; throws if the piece has less.
    func take(into place: UnsafeMutableRawBufferPointer) throws(CompressionError)
    /// Throws if the piece has more than was taken.
    func finish() throws(CompressionError)
}

/// What is wrong with compressed data, or with the library that reads it.
public struct CompressionError: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public let description: String

    init(_ description: String) { self.description = description }

    static let short = CompressionError("the compressed data ends too soon")
    static let long = CompressionError("the compressed data holds more than it may")
    static let noRoom = CompressionError("compressed data takes more than its buffer")
}
