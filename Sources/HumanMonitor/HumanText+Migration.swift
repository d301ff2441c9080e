import QAPI
import QMP

extension HumanText {
    /// What QEMU's monitor begins with: properties that are the same for every stream of this process.
    private static let globals = """
        globals:
        store-global-state: on
        only-migratable: off
        send-configuration: on
        send-section-footer: on
        decompress-error-check: on
        clear-bitmap-shift: 18

        """

    static func migration(_ info: MigrationInfo) -> String {
        var text = globals
        func line(_ name: String, _ value: (some CustomStringConvertible)?, _ unit: String = "") {
            if let value { text += "\(name): \(value)\(unit)\n" }
        }
        if let reasons = info.blockedReasons, !reasons.isEmpty {
            text += "Outgoing migration blocked:\n" + reasons.map { "  \($0)\n" }.joined()
        }
        if let status = info.status {
            let why = status == .failed ? info.errorDesc.map { " (\($0))" } ?? "" : ""
            text += "Migration status: \(status.rawValue)\(why)\n"
            line("total time", info.totalTime ?? 0, " ms")
            line("expected downtime", info.expectedDowntime, " ms")
            line("downtime", info.downtime, " ms")
            line("setup", info.setupTime, " ms")
        }
        if let memory = info.ram { text += self.memory(memory) }
        if let disk = info.disk {
            line("transferred disk", disk.transferred >> 10, " kbytes")
            line("remaining disk", disk.remaining >> 10, " kbytes")
            line("total disk", disk.total >> 10, " kbytes")
        }
        if let cache = info.xbzrleCache { text += self.cache(cache) }
        if let compression = info.compression { text += self.compression(compression) }
        line("cpu throttle percentage", info.cpuThrottlePercentage)
        line("postcopy blocktime", info.postcopyBlocktime)
        if let times = info.postcopyVcpuBlocktime {
            line("postcopy vcpu blocktime", times.map { "\($0)" }.joined(separator: ","))
        }
        if let addresses = info.socketAddress {
            text += "socket address: [\n" + addresses.map { "\t\(address($0))\n" }.joined() + "]\n"
        }
        return text
    }

    private static func memory(_ stats: MigrationStats) -> String {
        var text = """
            transferred ram: \(stats.transferred >> 10) kbytes
            throughput: \(twoDigits(stats.mbps)) mbps
            remaining ram: \(stats.remaining >> 10) kbytes
            total ram: \(stats.total >> 10) kbytes
            duplicate: \(stats.duplicate) pages
            skipped: \(stats.skipped) pages
            normal: \(stats.normal) pages
            normal bytes: \(stats.normalBytes >> 10) kbytes
            dirty sync count: \(stats.dirtySyncCount)
            page size: \(stats.pageSize >> 10) kbytes
            multifd bytes: \(stats.multifdBytes >> 10) kbytes
            pages-per-second: \(stats.pagesPerSecond)

            """
        func line(_ name: String, _ value: some BinaryInteger, _ unit: String) {
            if value != 0 { text += "\(name): \(value)\(unit)\n" }
        }
        line("dirty pages rate", stats.dirtyPagesRate, " pages")
        line("postcopy request count", stats.postcopyRequests, "")
        if stats.precopyBytes != 0 { text += "precopy ram: \(stats.precopyBytes >> 10) kbytes\n" }
        if stats.downtimeBytes != 0 { text += "downtime ram: \(stats.downtimeBytes >> 10) kbytes\n" }
        if stats.postcopyBytes != 0 { text += "postcopy ram: \(stats.postcopyBytes >> 10) kbytes\n" }
        line("Zero-copy-send fallbacks happened", stats.dirtySyncMissedZeroCopy, " times")
        return text
    }

    private static func cache(_ stats: XBZRLECacheStats) -> String {
        """
        cache size: \(stats.cacheSize) bytes
        xbzrle transferred: \(stats.bytes >> 10) kbytes
        xbzrle pages: \(stats.pages) pages
        xbzrle cache miss: \(stats.cacheMiss) pages
        xbzrle cache miss rate: \(twoDigits(stats.cacheMissRate))
        xbzrle encoding rate: \(twoDigits(stats.encodingRate))
        xbzrle overflow: \(stats.overflow)

        """
    }

    private static func compression(_ stats: CompressionStats) -> String {
        """
        compression pages: \(stats.pages) pages
        compression busy: \(stats.busy)
        compression busy rate: \(twoDigits(stats.busyRate))
        compressed size: \(stats.compressedSize >> 10) kbytes
        compression rate: \(twoDigits(stats.compressionRate))

        """
    }

    private static func address(_ address: SocketAddress) -> String {
        switch address.variant {
        case .inet(let inet): "tcp:\(inet.host.contains(":") ? "[\(inet.host)]" : inet.host):\(inet.port)"
        case .unix(let unix): "unix:\(unix.path)"
        case .vsock(let vsock): "vsock:\(vsock.cid):\(vsock.port)"
        case .fd(let descriptor): "fd:\(descriptor.str)"
        }
    }

    /// The parameters in the order and with the units in which people know them.
    static let parameterLines: [(name: String, unit: String)] = [
        ("announce-initial", " ms"), ("announce-max", " ms"), ("announce-rounds", ""), ("announce-step", " ms"),
        ("compress-level", ""), ("compress-threads", ""), ("compress-wait-thread", ""), ("decompress-threads", ""),
        ("throttle-trigger-threshold", ""), ("cpu-throttle-initial", ""), ("cpu-throttle-increment", ""),
        ("cpu-throttle-tailslow", ""), ("max-cpu-throttle", ""), ("tls-creds", ""), ("tls-hostname", ""),
        ("max-bandwidth", " bytes/second"), ("downtime-limit", " ms"), ("x-checkpoint-delay", " ms"),
        ("block-incremental", ""), ("multifd-channels", ""), ("multifd-compression", ""),
        ("xbzrle-cache-size", " bytes"), ("max-postcopy-bandwidth", ""), ("tls-authz", ""),
    ]

    static func parameters(_ parameters: MigrationParameters) -> String {
        let values = parameters.json
        var text = ""
        for (name, unit) in parameterLines {
            switch values[name] {
            case .boolean(let value): text += "\(name): \(value ? "on" : "off")\(unit)\n"
            case .integer(let value): text += "\(name): \(value)\(unit)\n"
            case .unsigned(let value): text += "\(name): \(value)\(unit)\n"
            case .string(let value): text += "\(name): \(name.hasPrefix("tls-") ? "'\(value)'" : value)\n"
            default: break
            }
        }
        guard let mapping = parameters.blockBitmapMapping else { return text }
        text += "block-bitmap-mapping:\n"
        for node in mapping {
            text += "  '\(node.nodeName)' -> '\(node.alias)'\n"
            for bitmap in node.bitmaps { text += "    '\(bitmap.name)' -> '\(bitmap.alias)'\n" }
        }
        return text
    }
}
