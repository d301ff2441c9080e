import MachineModel
import QAPI
import Synchronization
import SystemCalls

/// The dirty limits of the vCPUs: what was ordered, and counting kept on as long as there is one.
final class VCPUDirtyLimits: Sendable {
    private let meter: any VCPUDirtyMeter
    private let counting: DirtyCounting
    /// In MB/s, for each vCPU; nil without a limit.
    private let limits: Mutex<[UInt64?]>

    init(meter: any VCPUDirtyMeter, counting: DirtyCounting, vCPUCount: Int) {
        self.meter = meter
        self.counting = counting
        limits = Mutex(Array(repeating: nil, count: vCPUCount))
    }

    /// Limits a vCPU, or all, to `rate` MB/s; nil takes limits away.
    func set(_ rate: UInt64?, cpuIndex: Int64?) throws(DirtyRateError) {
        try limits.withLock { (limits: inout [UInt64?]) throws(DirtyRateError) in
            let chosen: Range<Int>
            if let cpuIndex {
                guard let index = Int(exactly: cpuIndex), limits.indices.contains(index) else {
                    throw .noSuchVCPU
                }
                chosen = index..<index + 1
            } else {
                chosen = limits.indices
            }
            let hadLimits = limits.contains { $0 != nil }
            if rate != nil, !hadLimits { try begin() }
            for vCPU in chosen {
                limits[vCPU] = rate
                meter.setLimit(pagesPerSecond: rate.map(MegabyteRate.pages), vCPU: vCPU)
            }
            // Pages that were dirtied freely in this second would be free until its end.
            if rate != nil { meter.rearm() }
            if hadLimits, limits.allSatisfy({ $0 == nil }) { counting.end() }
        }
    }

    /// The limits in force.
    var all: [DirtyLimitInfo] {
        let rates = counting.rates
        return limits.withLock { limits in
            limits.indices.compactMap { vCPU in
                guard let limit = limits[vCPU] else { return nil }
                let current = rates.indices.contains(vCPU) ? rates[vCPU] : 0
                return DirtyLimitInfo(cpuIndex: Int64(vCPU), limitRate: limit, currentRate: UInt64(max(0, current)))
            }
        }
    }

    private func begin() throws(DirtyRateError) {
        do throws(SystemError) { try counting.begin() } catch { throw .system(error) }
    }
}
