import ArgumentParser
import DirtyRate
import EngineRISCV
import Environment
import GuestMemory
import MachineModel
import PairLab
import QAPI
import QMP
import SystemCalls
import VirtualMachine

/// How exactly a vCPU is held to a dirty limit, and what measuring and throttling cost a guest.
///
/// For the limits a guest of two vCPUs writes to one page after the other, as fast as it can, and counts them; the first
/// one is limited. For the cost the guest runs the program of `mips`.
struct DirtyLimitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dirty-limit", abstract: "Held dirty rate against the limit, and the cost of measuring.")

    @OptionGroup var output: OutputOptions

    @Option(parsing: .upToNextOption, help: "Limits to try, in MB/s; at most 60.")
    var limits: [UInt64] = [1, 8, 40]

    @Option(help: "How long each is measured, in seconds.")
    var seconds: Int64 = 5

    @Option(help: "How many times a second each cost is measured; the best counts.")
    var rounds = 5

    /// Pages that a vCPU writes in turn: 64 MiB, more than a limit lets it write in a second.
    private static let pagesEach: UInt64 = 16384
    private static let program: [UInt32] = [
        0x00b4_f2b3,  // loop: and   t0, s1, a1
        0x00c2_9293,  //       slli  t0, t0, 12
        0x00a2_82b3,  //       add   t0, t0, a0
        0x0092_b423,  //       sd    s1, 8(t0)
        0x0014_8493,  //       addi  s1, s1, 1
        0xfe95_3c23,  //       sd    s1, -8(a0)   the count
        0xfe9f_f06f,  //       j     loop
    ]
    private static let regions: [UInt64] = [0x8100_0000, 0x8510_0000]

    func validate() throws {
        guard limits.allSatisfy({ (1...60).contains($0) }) else { throw ValidationError("--limits must be 1 to 60") }
        guard DirtyRateLimits.calculationSeconds.contains(seconds) else {
            throw ValidationError("--seconds must be 1 to 60")
        }
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds must be 1 to 100") }
    }

    func run() throws {
        var lines: [String] = []
        var held: [JSONValue] = []
        for limit in limits {
            let result = try hold(to: limit)
            lines.append(
                "limit \(limit) MB/s: held to \(decimal(result.counted, 2)) as the guest counts, \(result.measured) as "
                    + "calc-dirty-rate measures; the other vCPU \(result.other)")
            held.append([
                "limit": JSONValue(limit), "counted": .double(result.counted), "measured": JSONValue(result.measured),
                "other": JSONValue(result.other),
            ])
        }
        let pauses = try pauses()
        lines.append(
            "pause of a guest that is limited and throttled to 1 %: median \(decimal(pauses.median, 3)) ms, "
                + "p99 \(decimal(pauses.p99, 3)) ms")
        let costs = try costs()
        lines += costs.map { "\($0.name): \(decimal($0.mips, 0)) MIPS" }
        var members: JSONObject = ["limits": .array(held), "pause_ms": pauses.json]
        for cost in costs { members[cost.key] = .double(cost.mips.rounded()) }
        output.print(members, text: lines.joined(separator: "\n"))
    }

    // MARK: Limits

    private func makeWriters() throws -> BareMachine {
        let harts = Self.regions.map { base in
            HartReset(pc: TestProgram.memoryBase, privilege: .machine, a0: base, a1: Self.pagesEach - 1)
        }
        return try BareMachine(memorySize: 192 << 20, harts: harts) { memory in
            for (index, word) in Self.program.enumerated() {
                memory.store(TestProgram.memoryBase + UInt64(index) * 4, word)
            }
        }
    }

    private func hold(to limit: UInt64) throws -> (counted: Double, measured: Int64, other: Int64) {
        let bare = try makeWriters()
        let monitor = DirtyRateMonitor(machine: bare.machine)
        defer { monitor.shutDown() }
        let clock = SystemClock()
        try monitor.setLimit(cpuIndex: 0, rate: limit)
        try bare.machine.run()
        let written = { bare.machine.memory.load(Self.regions[0] - 8, as: UInt64.self) ?? 0 }
        let (start, before) = (clock.now(), written())
        try monitor.calculate(seconds: seconds, mode: .dirtyRing)
        while monitor.dirtyRate.status == .measuring { clock.wait(0.01) }
        let pages = Double(written() - before)
        let counted = pages * Double(targetPageSize) / Double(1 << 20) / ((clock.now() - start).inMilliseconds / 1000)
        guard let rates = monitor.dirtyRate.vcpuDirtyRate, rates.count == 2 else {
            throw LabError("nothing was measured")
        }
        return (counted, rates[0].dirtyRate, rates[1].dirtyRate)
    }

    /// How long a pause takes to begin while both vCPUs rest nearly all the time.
    private func pauses() throws -> Spread {
        let bare = try makeWriters()
        let monitor = DirtyRateMonitor(machine: bare.machine)
        defer { monitor.shutDown() }
        let clock = SystemClock()
        try monitor.setLimit(cpuIndex: nil, rate: 1)
        bare.machine.parts.engine.setThrottle(percentage: 99)
        try bare.machine.run()
        var times: [Double] = []
        for _ in 0..<200 {
            clock.wait(0.007)
            let start = clock.now()
            times.append(bare.machine.pauseBriefly { (clock.now() - start).inMilliseconds })
        }
        return Spread(times)
    }

    // MARK: Costs

    private struct Cost {
        let name: String
        let key: String
        var mips: Double
    }

    /// In turns, so that what else the host does hits all alike.
    private func costs() throws -> [Cost] {
        let image = MIPSProgram.image
        let bare = try BareMachine(
            memorySize: 64 << 20, harts: [HartReset(pc: image.entry, privilege: .machine)]
        ) { memory in
            for segment in image.segments { memory.write(segment.address, bytes: segment.bytes) }
        }
        let monitor = DirtyRateMonitor(machine: bare.machine)
        defer { monitor.shutDown() }
        let engine = bare.machine.parts.engine
        var costs = [
            Cost(name: "nothing measured, no throttle", key: "mips_free", mips: 0),
            Cost(name: "measuring by dirty-bitmap", key: "mips_bitmap", mips: 0),
            Cost(name: "counting for dirty-ring", key: "mips_ring", mips: 0),
            Cost(name: "a limit that is never reached", key: "mips_limit", mips: 0),
            Cost(name: "after a throttle was removed", key: "mips_unthrottled", mips: 0),
        ]
        _ = try bare.mips(over: 0.5)
        for _ in 0..<rounds {
            for index in costs.indices {
                switch index {
                case 1: try monitor.calculate(seconds: 1, mode: .dirtyBitmap)
                case 2: try monitor.calculate(seconds: 1, mode: .dirtyRing)
                case 3: try monitor.setLimit(cpuIndex: nil, rate: 60)
                case 4:
                    engine.setThrottle(percentage: 90)
                    engine.setThrottle(percentage: 0)
                default: break
                }
                costs[index].mips = max(costs[index].mips, try bare.mips(over: 0.9))
                try monitor.cancelLimit(cpuIndex: nil)
                while monitor.dirtyRate.status == .measuring { SystemClock().wait(0.01) }
            }
        }
        return costs
    }
}
