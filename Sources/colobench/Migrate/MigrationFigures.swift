import Environment
import PairLab
import QMP

/// What one migration took.
struct MigrationFigures {
    var gibPerSecond: Double
    /// CPU seconds of both ends for each GiB of RAM.
    var cpuPerGiB: Double
    /// As the source tells it; of differences, how long their pass took.
    var downtimeMilliseconds: Double
    /// Of a run that measures differences.
    var changes: ChangeFigures?
}

/// The medians of a case, and how they compare with those of two QEMUs.
struct MigrationSummary {
    private let rate: Spread
    private let cpu: Spread
    private let downtime: Spread
    private let changes: [ChangeFigures]
    private let comparison: (rate: Double, cpu: Double)?

    init(_ figures: [MigrationFigures], beside others: [MigrationFigures]?) {
        rate = Spread(figures.map(\.gibPerSecond))
        cpu = Spread(figures.map(\.cpuPerGiB))
        downtime = Spread(figures.map(\.downtimeMilliseconds))
        changes = figures.compactMap(\.changes)
        comparison = others.map { [rate, cpu] in
            (
                rate.median / Spread($0.map(\.gibPerSecond)).median,
                cpu.median / Spread($0.map(\.cpuPerGiB)).median
            )
        }
    }

    func json(
        _ memory: MigrationMemory, _ pair: ProgramPair, _ way: MigrationTransport, _ pages: PageTravel,
        _ filling: PageFilling
    ) -> JSONValue {
        var members: JSONObject = [
            "memory": .string(memory.rawValue), "source": .string(pair.source.rawValue),
            "destination": .string(pair.destination.rawValue), "transport": .string(way.rawValue),
            "channels": JSONValue(pages.channels), "pages": .string(pages.rawValue),
            "content": .string(filling.rawValue), "gib_per_s": .double(rounded(rate.median)),
            "cpu_s_per_gib": .double(rounded(cpu.median)), "downtime_ms": .double(rounded(downtime.median)),
        ]
        if let comparison {
            members["rate_of_qemu"] = .double(rounded(comparison.rate))
            members["cpu_of_qemu"] = .double(rounded(comparison.cpu))
        }
        guard let last = changes.last else { return .object(members) }
        members["pages_per_s"] = .double(pagesPerSecond.rounded())
        members["source_cpu_s_per_gib"] = .double(rounded(Spread(changes.map(\.sourceCPUPerGiB)).median))
        members["destination_cpu_s_per_gib"] = .double(rounded(Spread(changes.map(\.destinationCPUPerGiB)).median))
        members["xbzrle_pages"] = JSONValue(last.counts.pages)
        members["xbzrle_overflow"] = JSONValue(last.counts.overflows)
        members["xbzrle_bytes"] = JSONValue(last.counts.bytes)
        members["encoding_rate"] = .double(rounded(last.encodingRate))
        return .object(members)
    }

    func line(
        _ memory: MigrationMemory, _ pair: ProgramPair, _ way: MigrationTransport, _ pages: PageTravel,
        _ filling: PageFilling
    ) -> String {
        let name =
            "\(memory.rawValue) \(filling.rawValue) \(way.rawValue) \(pages.rawValue) \(pair.source.rawValue)→"
            + pair.destination.rawValue
        var text =
            "\(name): \(decimal(rate.median, 2)) GiB/s, \(decimal(cpu.median, 2)) CPU s per GiB, "
            + "downtime \(decimal(downtime.median, 0)) ms"
        if let comparison {
            text += "; \(decimal(comparison.rate, 2)) times QEMU's rate, \(decimal(comparison.cpu, 2)) its CPU"
        }
        guard let last = changes.last else { return text }
        return text + "; \(decimal(pagesPerSecond, 0)) pages/s, CPU s per GiB "
            + "\(decimal(Spread(changes.map(\.sourceCPUPerGiB)).median, 3)) + "
            + "\(decimal(Spread(changes.map(\.destinationCPUPerGiB)).median, 3)), \(last.counts.pages) pages in "
            + "\(last.counts.bytes) bytes, \(decimal(last.encodingRate, 1)) to 1"
    }

    private var pagesPerSecond: Double { Spread(changes.map { Double($0.pages) / $0.seconds }).median }

    private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
