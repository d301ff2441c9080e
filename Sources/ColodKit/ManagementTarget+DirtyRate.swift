import DirtyRate
import QAPI
import QMP

// How fast the guest dirties its memory, and limits to that.
extension ManagementTarget {
    func calcDirtyRate(calcTime: Int64, samplePages: Int64?, mode: DirtyRateMeasureMode?) async throws(CommandError) {
        try answering { () throws(DirtyRateError) in
            try dirtyRate.calculate(seconds: calcTime, samplePages: samplePages, mode: mode ?? .pageSampling)
        }
    }

    func queryDirtyRate() async throws(CommandError) -> DirtyRateInfo { dirtyRate.dirtyRate }

    func setVcpuDirtyLimit(cpuIndex: Int64?, dirtyRate rate: UInt64) async throws(CommandError) {
        try answering { () throws(DirtyRateError) in try dirtyRate.setLimit(cpuIndex: cpuIndex, rate: rate) }
    }

    func cancelVcpuDirtyLimit(cpuIndex: Int64?) async throws(CommandError) {
        try answering { () throws(DirtyRateError) in try dirtyRate.cancelLimit(cpuIndex: cpuIndex) }
    }

    func queryVcpuDirtyLimit() async throws(CommandError) -> [DirtyLimitInfo] { dirtyRate.vCPULimits }

    func xenSetGlobalDirtyLog(enable: Bool) async throws(CommandError) {
        // It pauses the guest for a moment, which may have to wait for a checkpoint.
        let outcome = await offload { [dirtyRate] () -> Result<Void, CommandError> in
            do throws(DirtyRateError) { return .success(try dirtyRate.setGlobalLog(enable)) } catch {
                return .failure(CommandError(answering: error))
            }
        }
        try outcome.get()
    }
}
