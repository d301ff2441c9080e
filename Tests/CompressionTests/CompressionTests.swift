import Testing

@testable import Compression

/// What was compressed comes back, and what was not is refused.
struct CompressionTests {
    enum Library: CaseIterable {
        case zlib, zstd

        func compressor(level: Int) throws -> any StreamCompressor {
            switch self {
            case .zlib: try ZlibCompressor(level: level)
            case .zstd: try ZstdCompressor(level: level)
            }
        }

        func decompressor() throws -> any StreamDecompressor {
            switch self {
            case .zlib: try ZlibDecompressor()
            case .zstd: try ZstdDecompressor()
            }
        }
    }

    static func text(_ count: Int, seed: Int) -> [UInt8] {
        var state = UInt64(seed &+ 1)
        return (0..<count).map { index in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return index % 3 == 0 ? UInt8(truncatingIfNeeded: state >> 56) : 7
        }
    }

    static func compress(_ bytes: [UInt8], by stream: any StreamCompressor, room: Int = 1 << 20) throws -> [UInt8] {
        var output = [UInt8](repeating: 0, count: room)
        let count = try bytes.withUnsafeBytes { input in
            try output.withUnsafeMutableBytes { try stream.compress(input, into: $0) }
        }
        return Array(output[..<count])
    }

    static func decompress(_ bytes: [UInt8], _ counts: [Int], by stream: any StreamDecompressor) throws -> [UInt8] {
        try bytes.withUnsafeBytes { input in
            stream.begin(input)
            var result: [UInt8] = []
            for count in counts {
                var place = [UInt8](repeating: 0, count: count)
                try place.withUnsafeMutableBytes { try stream.take(into: $0) }
                result += place
            }
            try stream.finish()
            return result
        }
    }

    @Test(arguments: Library.allCases, [1, 9])
    func piecesOfAStreamComeBackEachByItself(library: Library, level: Int) throws {
        let sender = try library.compressor(level: level)
        let receiver = try library.decompressor()
        for seed in 0..<20 {
            let pages = Self.text(4096 * (1 + seed % 7), seed: seed)
            let piece = try Self.compress(pages, by: sender)
            #expect(piece.count < pages.count)
            let counts = [Int](repeating: 4096, count: pages.count / 4096)
            #expect(try Self.decompress(piece, counts, by: receiver) == pages)
        }
    }

    @Test(arguments: Library.allCases) func aPieceWithMoreThanWasAskedForIsRefused(library: Library) throws {
        let piece = try Self.compress([UInt8](repeating: 1, count: 1 << 20), by: try library.compressor(level: 1))
        #expect(throws: CompressionError.long) {
            _ = try Self.decompress(piece, [4096], by: try library.decompressor())
        }
    }

    /// What a library has taken in and not given out yet is more than was asked for, too.
    @Test(arguments: Library.allCases) func aPieceWithOnePageTooManyIsRefused(library: Library) throws {
        let piece = try Self.compress(Self.text(8192, seed: 4), by: try library.compressor(level: 1))
        #expect(throws: CompressionError.long) {
            _ = try Self.decompress(piece, [4096], by: try library.decompressor())
        }
    }

    /// A frame's header tells how much memory its reader needs: 64 MiB is more than any level of a source does.
    @Test func aFrameThatAsksForTooMuchMemoryIsRefused() throws {
        func frame(windowLog: UInt8) -> [UInt8] { [0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3, 1, 0, 0] }
        #expect(throws: CompressionError.self) {
            _ = try Self.decompress(frame(windowLog: 26), [], by: try ZstdDecompressor())
        }
        #expect(try Self.decompress(frame(windowLog: 25), [], by: try ZstdDecompressor()).isEmpty)
        let best = try Self.compress(Self.text(8192, seed: 6), by: try ZstdCompressor(level: 20))
        #expect(try Self.decompress(best, [4096, 4096], by: try ZstdDecompressor()) == Self.text(8192, seed: 6))
    }

    @Test(arguments: Library.allCases) func aPieceWithLessIsRefused(library: Library) throws {
        let piece = try Self.compress(Self.text(4096, seed: 3), by: try library.compressor(level: 1))
        #expect(throws: CompressionError.short) {
            _ = try Self.decompress(piece, [4096, 4096], by: try library.decompressor())
        }
        #expect(throws: CompressionError.self) {
            _ = try Self.decompress(Array(piece.dropLast(piece.count / 2)), [4096], by: try library.decompressor())
        }
    }

    @Test(arguments: Library.allCases, 0..<200) func damageIsAnErrorOrOtherBytes(library: Library, seed: Int) throws {
        let pages = Self.text(8192, seed: seed)
        var piece = try Self.compress(pages, by: try library.compressor(level: 1))
        piece[(seed * 7919) % piece.count] ^= UInt8(1 << (seed % 8))
        let result = try? Self.decompress(piece, [4096, 4096], by: try library.decompressor())
        #expect(result == nil || result?.count == 8192)
    }

    @Test(arguments: Library.allCases) func aBufferThatIsTooSmallIsAnError(library: Library) throws {
        #expect(throws: CompressionError.noRoom) {
            _ = try Self.compress(Self.text(8192, seed: 5), by: try library.compressor(level: 1), room: 100)
        }
        #expect(throws: CompressionError.self) { _ = try library.compressor(level: 21) }
    }

    @Test func eachPageIsAStreamOfItsOwn() throws {
        let deflater = try PageDeflater(level: 1)
        let inflater = try PageInflater()
        for seed in 0..<10 {
            let page = Self.text(4096, seed: seed)
            var output = [UInt8](repeating: 0, count: PageDeflater.bound(4096))
            let count = try page.withUnsafeBytes { input in
                try output.withUnsafeMutableBytes { try deflater.compress(input, into: $0) }
            }
            #expect(Array(output[..<2]) == [0x78, 0x01])
            var back = [UInt8](repeating: 0, count: 4096)
            try output[..<count].withUnsafeBytes { input in
                try back.withUnsafeMutableBytes { try inflater.decompress(input, into: $0) }
            }
            #expect(back == page)
            var short = [UInt8](repeating: 0, count: 4095)
            #expect(throws: CompressionError.self) {
                try output[..<count].withUnsafeBytes { input in
                    try short.withUnsafeMutableBytes { try inflater.decompress(input, into: $0) }
                }
            }
            var long = [UInt8](repeating: 0, count: 4097)
            #expect(throws: CompressionError.self) {
                try output[..<count].withUnsafeBytes { input in
                    try long.withUnsafeMutableBytes { try inflater.decompress(input, into: $0) }
                }
            }
        }
    }
}
