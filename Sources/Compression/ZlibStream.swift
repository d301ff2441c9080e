import CZlib

/// A zlib stream (RFC 1950) in pieces that end in a sync flush: deflate(3).
@safe public final class ZlibCompressor: StreamCompressor {
    // SAFETY: the stream lives at a fixed address from `init` to `deinit`; buffers are used within a call alone.
    private let stream: UnsafeMutablePointer<z_stream>

    /// `level`: 0 (no compression) to 9 (best).
    public init(level: Int) throws(CompressionError) { unsafe stream = try makeDeflate(level) }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// A piece of the stream; see `StreamCompressor`.
    public func compress(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) -> Int {
        unsafe stream.pointee.setInput(input)
        unsafe stream.pointee.setOutput(output)
        let code = unsafe deflate(stream, Z_SYNC_FLUSH)
        // Room that is left shows that the flush is complete.
        guard code == Z_OK, unsafe stream.pointee.avail_in == 0, unsafe stream.pointee.avail_out > 0 else {
            throw .noRoom
        }
        return unsafe output.count - Int(stream.pointee.avail_out)
    }
}

/// The other end of `ZlibCompressor`: inflate(3).
@safe public final class ZlibDecompressor: StreamDecompressor {
    // SAFETY: the stream lives at a fixed address from `init` to `deinit`; buffers are used within a call, and the input
    // until `finish`, as its owner has promised.
    private let stream: UnsafeMutablePointer<z_stream>

    /// At the start of a stream.
    public init() throws(CompressionError) { unsafe stream = try makeInflate() }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// The next piece; see `StreamDecompressor`.
    public func begin(_ input: UnsafeRawBufferPointer) { unsafe stream.pointee.setInput(input) }

    /// Some of the piece; see `StreamDecompressor`.
    public func take(into place: UnsafeMutableRawBufferPointer) throws(CompressionError) {
        unsafe stream.pointee.setOutput(place)
        let code = unsafe inflate(stream, Z_SYNC_FLUSH)
        guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { throw damage(code) }
        guard unsafe stream.pointee.avail_out == 0 else { throw .short }
    }

    /// The end of the piece; see `StreamDecompressor`.
    public func finish() throws(CompressionError) {
        var spare: UInt8 = 0
        let produced = try unsafe withUnsafeMutableBytes(of: &spare) { (place) throws(CompressionError) -> Int in
            unsafe stream.pointee.setOutput(place)
            let code = unsafe inflate(stream, Z_SYNC_FLUSH)
            guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { throw damage(code) }
            return unsafe 1 - Int(stream.pointee.avail_out)
        }
        guard produced == 0, unsafe stream.pointee.avail_in == 0 else { throw .long }
    }
}

func damage(_ code: Int32) -> CompressionError { CompressionError("the compressed data is damaged (zlib: \(code))") }

func makeDeflate(_ level: Int) throws(CompressionError) -> UnsafeMutablePointer<z_stream> {
    // SAFETY: the caller owns what is returned; a stream that cannot be used is freed here.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    guard (0...9).contains(level),
        unsafe deflateInit_(stream, Int32(level), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else {
        unsafe stream.deallocate()
        throw CompressionError("zlib has no level \(level): 0 to 9")
    }
    return unsafe stream
}

func makeInflate() throws(CompressionError) -> UnsafeMutablePointer<z_stream> {
    // SAFETY: the caller owns what is returned; a stream that cannot be used is freed here.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    guard unsafe inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
        unsafe stream.deallocate()
        throw CompressionError("zlib has no memory")
    }
    return unsafe stream
}

extension z_stream {
    mutating func setInput(_ input: UnsafeRawBufferPointer) {
        // SAFETY: zlib does not write to its input.
        unsafe next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?.assumingMemoryBound(to: UInt8.self)
        unsafe avail_in = UInt32(input.count)
    }

    mutating func setOutput(_ output: UnsafeMutableRawBufferPointer) {
        // SAFETY: the buffer is the caller's for the length of the call.
        unsafe next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe avail_out = UInt32(output.count)
    }
}
