import QAPI

/// Lays out answers, line by line as QEMU's monitor does.
enum HumanText {
    static func status(_ status: StatusInfo) -> String {
        var text = "VM status: \(status.running ? "running" : "paused")"
        if !status.running && status.status != .paused { text += " (\(status.status.rawValue))" }
        return text + "\n"
    }

    static func processors(_ processors: [CpuInfoFast]) -> String {
        processors.enumerated().map { index, processor in
            "\(index == 0 ? "*" : " ") CPU #\(processor.cpuIndex): thread_id=\(processor.threadId)\n"
        }.joined()
    }

    static func memoryBackend(_ memory: Memdev) -> String {
        """
        memory backend: \(memory.id ?? "")
          size:  \(memory.size)
          merge: \(memory.merge)
          dump: \(memory.dump)
          prealloc: \(memory.prealloc)
          share: \(memory.share)
          reserve: \(memory.reserve ?? true)
          policy: \(memory.policy.rawValue)
          host nodes: \(memory.hostNodes.map { "\($0)" }.joined(separator: ","))

        """
    }

    static func dirtyRate(_ rate: DirtyRateInfo) -> String {
        var text = """
            Status: \(rate.status.rawValue)
            Start Time: \(rate.startTime) (ms)
            Sample Pages: \(rate.samplePages) (per GB)
            Period: \(rate.calcTime) (sec)
            Mode: \(rate.mode.rawValue)
            Dirty rate:
            """
        guard let total = rate.dirtyRate else { return text + " (not ready)\n" }
        text += " \(total) (MB/s)\n"
        for processor in rate.vcpuDirtyRate ?? [] {
            text += "vcpu[\(processor.id)], Dirty rate: \(processor.dirtyRate) (MB/s)\n"
        }
        return text
    }

    /// `number` with two digits after the point.
    static func twoDigits(_ number: Double) -> String {
        guard number.isFinite, abs(number) < 1e15 else { return number.isNaN ? "nan" : "\(number)" }
        let hundredths = Int64((number * 100).rounded(.toNearestOrEven))
        let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
        return "\(hundredths < 0 ? "-" : "")\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}
