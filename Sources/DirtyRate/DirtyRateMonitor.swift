import Environment
import GuestMemory
import MachineModel
public import QAPI
import SystemCalls
public import VirtualMachine

/// Measures and limits how fast one machine's guest dirties memory, as management asks.
///
/// Threads: every method may be called from any thread. A measurement has a thread of its own; the guest runs on while
/// it goes on, and is paused for less than a millisecond where a bitmap begins.
public final class DirtyRateMonitor: Sendable {
    let machine: VirtualMachine
    let counting: DirtyCounting?
    let limits: VCPUDirtyLimits?
    let state: ThreadGate<State>
    private let clock = SystemClock()

    struct State {
        var info = DirtyRateInfo(
            status: .unstarted, startTime: 0, calcTime: 0, samplePages: 0, mode: .pageSampling)
        var isEnded = false
        /// Records while the global log is on.
        var globalLog: DirtyTracker?
    }

    /// What a measurement found, in MB/s.
    struct Outcome {
        var rate: Int64
        var vCPURates: [DirtyRateVcpu]?
    }

    /// A monitor of `machine`'s guest; nothing is measured or limited yet.
    public init(machine: VirtualMachine) {
        self.machine = machine
        let engine = machine.parts.engine
        let counting = engine.dirtyMeter.map { DirtyCounting(meter: $0) }
        self.counting = counting
        limits = engine.dirtyMeter.flatMap { meter in
            counting.map { VCPUDirtyLimits(meter: meter, counting: $0, vCPUCount: engine.vCPUCount) }
        }
        state = ThreadGate(State())
    }

    /// Ends measurements and limits for good.
    public func shutDown() {
        state.withLock { $0.isEnded = true }
        counting?.shutDown()
        state.withLock(notify: false) { $0.globalLog = nil }
    }

    // MARK: Measuring

    /// `calc-dirty-rate`: begins to measure for `seconds` seconds and returns at once.
    public func calculate(
        seconds: Int64, samplePages: Int64? = nil, mode: DirtyRateMeasureMode = .pageSampling
    ) throws(DirtyRateError) {
        try state.withLock { (state: inout State) throws(DirtyRateError) in
            guard state.info.status != .measuring else {
                throw .alreadyMeasuring
            }
            try check(seconds, samplePages, mode)
            let perGiB = samplePages ?? DirtyRateLimits.defaultSamplePages
            let before = state.info
            state.info = DirtyRateInfo(
                status: .measuring, startTime: Int64(clock.now().count / 1_000_000_000),
                calcTime: seconds, samplePages: mode == .pageSampling ? UInt64(perGiB) : 0, mode: mode)
            do throws(SystemError) {
                _ = try Thread(name: "dirty rate") { [self] in
                    finish(measure(UInt64(seconds), Int(perGiB), mode), before: before)
                }
            } catch {
                state.info = before
                throw .system(error)
            }
        }
    }

    /// `query-dirty-rate`: the measurement that goes on, or the last one.
    public var dirtyRate: DirtyRateInfo { state.withLock(notify: false) { $0.info } }

    private func check(
        _ seconds: Int64, _ samplePages: Int64?, _ mode: DirtyRateMeasureMode
    ) throws(DirtyRateError) {
        guard DirtyRateLimits.calculationSeconds.contains(seconds) else {
            throw .calculationTimeOutOfRange
        }
        if samplePages != nil, mode == .dirtyRing {
            throw .samplesWithoutSampling
        }
        if let samplePages, !DirtyRateLimits.samplePages.contains(samplePages) {
            throw .samplePagesOutOfRange
        }
        if mode == .dirtyRing, counting == nil {
            throw .countingNotAvailable
        }
        if mode == .pageSampling, machine.memory.presentPageCount == 0 {
            throw .nothingToSample
        }
    }

    /// Publishes an outcome; without one, as the monitor ended, the host lacks means, or there was nothing to measure, the
    /// result before stands.
    private func finish(_ outcome: Outcome?, before: DirtyRateInfo) {
        state.withLock { state in
            guard let outcome else {
                state.info = before
                return
            }
            state.info.status = .measured
            state.info.dirtyRate = outcome.rate
            state.info.vcpuDirtyRate = outcome.vCPURates
        }
    }

    private func measure(_ seconds: UInt64, _ perGiB: Int, _ mode: DirtyRateMeasureMode) -> Outcome? {
        switch mode {
        case .pageSampling: sample(seconds, perGiB)
        case .dirtyBitmap: record(seconds)
        case .dirtyRing: count(seconds)
        }
    }

    private func sample(_ seconds: UInt64, _ perGiB: Int) -> Outcome? {
        var generator = SystemRandomNumberGenerator()
        let start = clock.now()
        let sample = PageSample(of: machine.memory, perGiB: perGiB, using: &generator, unless: hasEnded)
        guard waits(until: start + .seconds(seconds)) else { return nil }
        let duration = clock.now() - start
        guard sample.count > 0, let changed = sample.changedCount(unless: hasEnded) else { return nil }
        return Outcome(
            rate: MegabyteRate.of(changed: changed, sampled: sample.count, total: sample.byteCount, in: duration))
    }

    private func record(_ seconds: UInt64) -> Outcome? {
        guard let tracker = try? machine.memory.makeTracker() else { return nil }
        machine.harvest(tracker)
        let start = clock.now()
        guard waits(until: start + .seconds(seconds)) else { return nil }
        tracker.stop()
        return Outcome(rate: MegabyteRate.of(pages: UInt64(tracker.count), in: clock.now() - start))
    }

    private func count(_ seconds: UInt64) -> Outcome? {
        guard let counting, (try? counting.begin()) != nil else { return nil }
        defer { counting.end() }
        guard let (pages, duration) = counting.count(seconds: seconds) else { return nil }
        let rates = pages.enumerated().map { vCPU, count in
            DirtyRateVcpu(id: Int64(vCPU), dirtyRate: MegabyteRate.of(pages: count, in: duration))
        }
        return Outcome(rate: rates.reduce(0) { $0 + $1.dirtyRate }, vCPURates: rates)
    }

    private func hasEnded() -> Bool { state.withLock(notify: false) { $0.isEnded } }

    /// False if the monitor ended before `deadline`.
    private func waits(until deadline: Nanoseconds) -> Bool {
        state.wait(until: deadline) { $0.isEnded ? true : nil } == nil
    }

    // MARK: Limits

    /// `set-vcpu-dirty-limit`: holds a vCPU, or all of them, to `rate` MB/s; 0 takes the limit away.
    public func setLimit(cpuIndex: Int64?, rate: UInt64) throws(DirtyRateError) {
        guard let limits else { throw .limitsNotAvailable }
        try limits.set(rate == 0 ? nil : rate, cpuIndex: cpuIndex)
    }

    /// `cancel-vcpu-dirty-limit`: takes the limit of a vCPU, or of all, away.
    public func cancelLimit(cpuIndex: Int64?) throws(DirtyRateError) { try limits?.set(nil, cpuIndex: cpuIndex) }

    /// `query-vcpu-dirty-limit`: the limits in force, by vCPU.
    public var vCPULimits: [DirtyLimitInfo] { limits?.all ?? [] }

    // MARK: The global log

    /// `xen-set-global-dirty-log`: records which pages are written from now on, or ends that. Asking for what is
    /// already so changes nothing. The guest may be paused for a moment.
    public func setGlobalLog(_ enabled: Bool) throws(DirtyRateError) {
        guard enabled else { return state.withLock(notify: false) { $0.globalLog = nil } }
        let tracker = try state.withLock(notify: false) {
            (state: inout State) throws(DirtyRateError) -> DirtyTracker? in
            guard state.globalLog == nil, !state.isEnded else { return nil }
            do throws(SystemError) { state.globalLog = try machine.memory.makeTracker() } catch {
                throw .system(error)
            }
            return state.globalLog
        }
        if let tracker { machine.harvest(tracker) }
    }

    /// How many pages were written since the global log was switched on; nil while it is off.
    public var globallyLoggedPages: Int? { state.withLock(notify: false) { $0.globalLog }?.count }
}
