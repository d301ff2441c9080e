import CZlib

/// Makes one complete zlib stream of each page: deflate(3).
@safe public final class PageDeflater {
    // SAFETY: the stream lives at a fixed address from `init` to `deinit`; buffers are used within a call alone.
    private let stream: UnsafeMutablePointer<z_stream>

    /// `level`: 0 (no compression) to 9 (best).
    public init(level: Int) throws(CompressionError) { unsafe stream = try makeDeflate(level) }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// The most bytes that `count` bytes take: compressBound(3).
    public static func bound(_ count: Int) -> Int { Int(compressBound(UInt(count))) }

    /// Writes the stream of `input` to the start of `output`, which has room for `bound`; returns how many bytes it takes.
    public func compress(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) -> Int {
        guard unsafe deflateReset(stream) == Z_OK else { throw CompressionError("zlib cannot begin again") }
        unsafe stream.pointee.setInput(input)
        unsafe stream.pointee.setOutput(output)
        guard unsafe deflate(stream, Z_FINISH) == Z_STREAM_END else { throw .noRoom }
        return unsafe output.count - Int(stream.pointee.avail_out)
    }
}

/// Reads pages that are a complete zlib stream each: inflate(3).
@safe public final class PageInflater {
    // SAFETY: the stream lives at a fixed address from `init` to `deinit`; buffers are used within a call alone.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Ready for any number of pages.
    public init() throws(CompressionError) { unsafe stream = try makeInflate() }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Fills `page` with what the stream `input` holds; throws if that is not exactly a page.
    public func decompress(
        _ input: UnsafeRawBufferPointer, into page: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) {
        guard unsafe inflateReset(stream) == Z_OK else { throw CompressionError("zlib cannot begin again") }
        unsafe stream.pointee.setInput(input)
        unsafe stream.pointee.setOutput(page)
        switch unsafe inflate(stream, Z_FINISH) {
        case Z_STREAM_END: break
        case Z_BUF_ERROR, Z_OK: throw unsafe stream.pointee.avail_out == 0 ? .long : .short
        case let code: throw damage(code)
        }
        guard unsafe stream.pointee.avail_out == 0 else { throw .short }
        guard unsafe stream.pointee.avail_in == 0 else { throw .long }
    }
}
