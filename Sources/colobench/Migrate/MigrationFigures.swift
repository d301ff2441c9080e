import Environment
import PairLab
import QMP

/// What one migration took.
struct MigrationFigures {
    var gibPerSecond: Double
    /// CPU seconds of both ends for each GiB of RAM.
    var cpuPerGiB: Double
    /// As the source tells it.
    var downtimeMilliseconds: Double
}

/// The medians of a case.
struct MigrationSummary {
    private let rate: Spread
    private let cpu: Spread
    private let downtime: Spread

    init(_ figures: [MigrationFigures]) {
        rate = Spread(figures.map(\.gibPerSecond))
        cpu = Spread(figures.map(\.cpuPerGiB))
        downtime = Spread(figures.map(\.downtimeMilliseconds))
    }

    func json(
        _ memory: MigrationMemory, _ pair: ProgramPair, _ way: MigrationTransport, _ pages: PageTravel,
        _ filling: PageFilling
    ) -> JSONValue {
        [
            "memory": .string(memory.rawValue), "source": .string(pair.source.rawValue),
            "destination": .string(pair.destination.rawValue), "transport": .string(way.rawValue),
            "channels": JSONValue(pages.channels), "pages": .string(pages.rawValue),
            "content": .string(filling.rawValue), "gib_per_s": .double(rounded(rate.median)),
            "cpu_s_per_gib": .double(rounded(cpu.median)), "downtime_ms": .double(rounded(downtime.median)),
        ]
    }

    func line(
        _ memory: MigrationMemory, _ pair: ProgramPair, _ way: MigrationTransport, _ pages: PageTravel,
        _ filling: PageFilling
    ) -> String {
        let name =
            "\(memory.rawValue) \(filling.rawValue) \(way.rawValue) \(pages.rawValue) \(pair.source.rawValue)→"
            + pair.destination.rawValue
        return "\(name): \(decimal(rate.median, 2)) GiB/s, \(decimal(cpu.median, 2)) CPU s per GiB, "
            + "downtime \(decimal(downtime.median, 0)) ms"
    }

    private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
