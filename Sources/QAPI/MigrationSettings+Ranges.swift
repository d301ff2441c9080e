import QMP

// The ranges. What is stored passed them already, so checking all is the same as checking what was given.
extension MigrationSettings.Values {
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
        if let blockBitmapMapping { try BitmapMigrationNodeAlias.check(blockBitmapMapping) }
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
