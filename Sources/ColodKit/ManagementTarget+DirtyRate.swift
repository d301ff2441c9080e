import DirtyRate
import QAPI
import QMP

// How fast the guest dirties its memory, and limits to that.
extension ManagementTarget {
    func calcDirtyRate(calcTime: Int64, samplePages: Int64?, mode: DirtyRateMeasureMode?) async throws(CommandError) {
        try answering {
            try dirtyRate.calculate(seconds: calcTime, samplePages: samplePages, mode: mode ?? .pageSampling)
        }
    }

    func queryDirtyRate() async throws(CommandError) -> DirtyRateInfo { dirtyRate.dirtyRate }

    func setVcpuDirtyLimit(cpuIndex: Int64?, dirtyRate rate: UInt64) async throws(CommandError) {
        try answering { try dirtyRate.setLimit(cpuIndex: cpuIndex, rate: rate) }
    }

    func cancelVcpuDirtyLimit(cpuIndex: Int64?) async throws(CommandError) {
        try answering { try dirtyRate.cancelLimit(cpuIndex: cpuIndex) }
    }

    func queryVcpuDirtyLimit() async throws(CommandError) -> [DirtyLimitInfo] { dirtyRate.vCPULimits }

    func xenSetGlobalDirtyLog(enable: Bool) async throws(CommandError) {
        // It pauses the guest for a moment, which may have to wait for a checkpoint.
        try await onThread { [dirtyRate] in try dirtyRate.setGlobalLog(enable) }
    }
}
