// The ranges. What is stored passed them already, so checking all is the same as checking what was given.
extension MigrationSettings.Values {
    /// Throws the first value that is out of its range.
    func check() throws(MigrationSettingsError) {
        try between("compress_level", UInt64(compressLevel), 0...9)
        try between("compress_threads", UInt64(compressThreads), 1...255)
        try between("decompress_threads", UInt64(decompressThreads), 1...255)
        try percent("throttle_trigger_threshold", throttleTriggerThreshold, 1...100)
        try percent("cpu_throttle_initial", cpuThrottleInitial, 1...99)
        try percent("cpu_throttle_increment", cpuThrottleIncrement, 1...99)
        guard downtimeLimit <= 2_000_000 else { throw .downtimeLimitTooLong }
        try between("multifd_channels", UInt64(multifdChannels), 1...255)
        try between("multifd_zlib_level", UInt64(multifdZlibLevel), 0...9)
        try between("multifd_zstd_level", UInt64(multifdZstdLevel), 0...20)
        guard xbzrleCacheSize >= Self.pageSize, xbzrleCacheSize.nonzeroBitCount == 1 else { throw .invalidCacheSize }
        guard (cpuThrottleInitial...99).contains(maxCPUThrottle) else { throw .maxThrottleOutOfRange }
        try between("announce_initial", announceInitial, 0...100_000)
        try between("announce_max", announceMax, 0...100_000)
        try between("announce_rounds", announceRounds, 0...1000)
        guard (1...10_000).contains(announceStep) else { throw .announceStepOutOfRange }
        if let blockBitmapMapping {
            do { try BitmapMigrationNodeAlias.check(blockBitmapMapping) } catch { throw .bitmapMapping(error) }
        }
    }

    private static let pageSize: UInt64 = 4096

    private func between(
        _ name: String, _ value: UInt64, _ range: ClosedRange<UInt64>
    ) throws(MigrationSettingsError) {
        guard range.contains(value) else { throw .outOfRange(parameter: name, range) }
    }

    private func percent(
        _ name: String, _ value: UInt8, _ range: ClosedRange<UInt8>
    ) throws(MigrationSettingsError) {
        guard range.contains(value) else { throw .percentageOutOfRange(parameter: name, range) }
    }
}
