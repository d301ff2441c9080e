import QMP

// The table of parameters, in the order of the schema.
extension MigrationParameters {
    static let fields: [Field] = [
        number("announce-initial", \.announceInitial), number("announce-max", \.announceMax),
        number("announce-rounds", \.announceRounds), number("announce-step", \.announceStep),
        number("compress-level", \.compressLevel), number("compress-threads", \.compressThreads),
        flag("compress-wait-thread", \.compressWaitThread), number("decompress-threads", \.decompressThreads),
        number("throttle-trigger-threshold", \.throttleTriggerThreshold),
        number("cpu-throttle-initial", \.cpuThrottleInitial),
        number("cpu-throttle-increment", \.cpuThrottleIncrement),
        flag("cpu-throttle-tailslow", \.cpuThrottleTailslow), text("tls-creds", \.tlsCredentials),
        text("tls-hostname", \.tlsHostname), text("tls-authz", \.tlsAuthorization),
        number("max-bandwidth", \.maxBandwidth), number("downtime-limit", \.downtimeLimit),
        number("x-checkpoint-delay", \.checkpointDelay), flag("block-incremental", \.blockIncremental),
        number("multifd-channels", \.multifdChannels), number("xbzrle-cache-size", \.xbzrleCacheSize),
        number("max-postcopy-bandwidth", \.maxPostcopyBandwidth), number("max-cpu-throttle", \.maxCPUThrottle),
        compression, number("multifd-zlib-level", \.multifdZlibLevel),
        number("multifd-zstd-level", \.multifdZstdLevel), bitmapMapping,
    ]

    private static func number<Width: FixedWidthInteger & UnsignedInteger & Sendable>(
        _ name: String, _ path: any WritableKeyPath<MigrationParameters, Width> & Sendable
    ) -> Field {
        let type: ArgumentType =
            switch Width.bitWidth {
            case 8: .unsigned8
            case 32: .unsigned32
            default: .unsigned64
            }
        return Field(
            name: name, type: type, get: { JSONValue($0[keyPath: path]) },
            set: { $0[keyPath: path] = Width(truncatingIfNeeded: $1.wrappedUnsigned ?? 0) })
    }

    private static func flag(
        _ name: String, _ path: any WritableKeyPath<MigrationParameters, Bool> & Sendable
    ) -> Field {
        Field(
            name: name, type: .boolean, get: { .boolean($0[keyPath: path]) },
            set: { $0[keyPath: path] = $1.boolean ?? false })
    }

    /// Null stands for the empty text.
    private static func text(
        _ name: String, _ path: any WritableKeyPath<MigrationParameters, String> & Sendable
    ) -> Field {
        Field(
            name: name, type: .stringOrNull, get: { .string($0[keyPath: path]) },
            set: { $0[keyPath: path] = $1.string ?? "" })
    }

    private static let compression = Field(
        name: "multifd-compression", type: .enumeration(MultifdCompression.allCases.map(\.rawValue)),
        get: { .string($0.multifdCompression.rawValue) },
        set: { $0.multifdCompression = MultifdCompression(rawValue: $1.string ?? "") ?? .none })

    private static let bitmapMapping = Field(
        name: "block-bitmap-mapping", type: .array(of: BitmapMapping.type),
        get: { parameters in parameters.blockBitmapMapping.map { .array($0.map(\.json)) } },
        set: { $0.blockBitmapMapping = ($1.array ?? []).map(BitmapMapping.init(json:)) })
}

// The ranges. What is stored passed them already, so checking all is the same as checking what was given.
extension MigrationParameters {
    /// Throws the first value that is out of its range.
    func check() throws(CommandError) {
        try between("compress_level", UInt64(compressLevel), 0...9)
        try between("compress_threads", UInt64(compressThreads), 1...255)
        try between("decompress_threads", UInt64(decompressThreads), 1...255)
        try percent("throttle_trigger_threshold", throttleTriggerThreshold, 1...100)
        try percent("cpu_throttle_initial", cpuThrottleInitial, 1...99)
        try percent("cpu_throttle_increment", cpuThrottleIncrement, 1...99)
        guard downtimeLimit <= 2_000_000 else {
            throw .expects("downtime_limit", "an integer in the range of 0 to (2000 * 1000) ms")
        }
        try between("multifd_channels", UInt64(multifdChannels), 1...255)
        try between("multifd_zlib_level", UInt64(multifdZlibLevel), 0...9)
        try between("multifd_zstd_level", UInt64(multifdZstdLevel), 0...20)
        guard xbzrleCacheSize >= Self.pageSize, xbzrleCacheSize.nonzeroBitCount == 1 else {
            throw .expects("xbzrle_cache_size", "a power of two no less than the target page size")
        }
        guard (cpuThrottleInitial...99).contains(maxCPUThrottle) else {
            throw .expects("max_cpu_throttle", "an integer in the range of cpu_throttle_initial to 99")
        }
        try between("announce_initial", announceInitial, 0...100_000)
        try between("announce_max", announceMax, 0...100_000)
        try between("announce_rounds", announceRounds, 0...1000)
        // A step of 0 is refused although the text, which clients know, begins at 0.
        guard (1...10_000).contains(announceStep) else {
            throw .expects("announce_step", "a value between 0 and 10000")
        }
        if let blockBitmapMapping { try BitmapMapping.check(blockBitmapMapping) }
    }

    private static let pageSize: UInt64 = 4096

    private func between(_ name: String, _ value: UInt64, _ range: ClosedRange<UInt64>) throws(CommandError) {
        guard range.contains(value) else {
            throw .expects(name, "a value between \(range.lowerBound) and \(range.upperBound)")
        }
    }

    private func percent(_ name: String, _ value: UInt8, _ range: ClosedRange<UInt8>) throws(CommandError) {
        guard range.contains(value) else {
            throw .expects(name, "an integer in the range of \(range.lowerBound) to \(range.upperBound)")
        }
    }
}

extension CommandError {
    fileprivate static func expects(_ name: String, _ what: String) -> CommandError {
        .generic("Parameter '\(name)' expects \(what)")
    }
}
