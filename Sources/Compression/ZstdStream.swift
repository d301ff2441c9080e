import CZstd

/// A zstd frame (RFC 8878) in pieces that end in a flush: ZSTD_compressStream2.
@safe public final class ZstdCompressor: StreamCompressor {
    // SAFETY: the context is owned from `init` to `deinit`; buffers are used within a call alone.
    private let context: OpaquePointer

    /// `level`: 0 (the library's choice) to 20.
    public init(level: Int) throws(CompressionError) {
        guard (0...20).contains(level), let context = unsafe ZSTD_createCCtx() else {
            throw CompressionError("zstd has no level \(level): 0 to 20")
        }
        guard unsafe ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))) == 0 else {
            unsafe ZSTD_freeCCtx(context)
            throw CompressionError("zstd has no level \(level): 0 to 20")
        }
        unsafe self.context = unsafe context
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// A piece of the stream; see `StreamCompressor`.
    public func compress(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) -> Int {
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let left = unsafe ZSTD_compressStream2(context, &target, &source, ZSTD_e_flush)
        guard left == 0, unsafe source.pos == source.size else {
            throw ZSTD_isError(left) != 0 ? damageOfZstd(left) : .noRoom
        }
        return unsafe target.pos
    }
}

/// The other end of `ZstdCompressor`: ZSTD_decompressStream.
@safe public final class ZstdDecompressor: StreamDecompressor {
    // SAFETY: the context is owned from `init` to `deinit`; buffers are used within a call, and the input until `finish`,
    // as its owner has promised.
    private let context: OpaquePointer
    private var source = unsafe ZSTD_inBuffer()
    /// The logarithm of 32 MiB, the window of level 20.
    private static let windowLimit: Int32 = 25

    /// At the start of a stream.
    public init() throws(CompressionError) {
        guard let context = unsafe ZSTD_createDCtx() else { throw CompressionError("zstd has no memory") }
        // A frame may ask for a window as large as this; the levels of a source need no larger one.
        guard unsafe ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLimit)) == 0 else {
            unsafe ZSTD_freeDCtx(context)
            throw CompressionError("zstd takes no limit for its memory")
        }
        unsafe self.context = unsafe context
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// The next piece; see `StreamDecompressor`.
    public func begin(_ input: UnsafeRawBufferPointer) {
        unsafe source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
    }

    /// Some of the piece; see `StreamDecompressor`.
    public func take(into place: UnsafeMutableRawBufferPointer) throws(CompressionError) {
        var target = unsafe ZSTD_outBuffer(dst: place.baseAddress, size: place.count, pos: 0)
        while unsafe target.pos < target.size {
            let before = unsafe (source.pos, target.pos)
            let code = unsafe ZSTD_decompressStream(context, &target, &source)
            guard ZSTD_isError(code) == 0 else { throw damageOfZstd(code) }
            guard unsafe (source.pos, target.pos) != before else { throw .short }
        }
    }

    /// The end of the piece; see `StreamDecompressor`.
    public func finish() throws(CompressionError) {
        var spare: UInt8 = 0
        try unsafe withUnsafeMutableBytes(of: &spare) { (place) throws(CompressionError) in
            var target = unsafe ZSTD_outBuffer(dst: place.baseAddress, size: place.count, pos: 0)
            // Once more without input: what was taken in may not have come out yet.
            while true {
                let before = unsafe source.pos
                let code = unsafe ZSTD_decompressStream(context, &target, &source)
                guard ZSTD_isError(code) == 0 else { throw damageOfZstd(code) }
                guard unsafe target.pos == 0 else { throw .long }
                guard unsafe source.pos != before else { break }
            }
            guard unsafe source.pos == source.size else { throw .long }
        }
    }
}

private func damageOfZstd(_ code: Int) -> CompressionError {
    // SAFETY: the library's texts are constant.
    CompressionError("the compressed data is damaged (zstd: \(unsafe String(cString: ZSTD_getErrorName(code))))")
}
