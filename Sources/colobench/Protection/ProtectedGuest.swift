import Environment
import PairLab
import QAPI
import QMP
import SystemCalls

/// A guest on hosts of its own, protected in one way, and what clients and the kernel see of it.
final class ProtectedGuest {
    /// How a guest fares while something is asked of it.
    struct Measurement {
        var traffic: TrafficFigures
        var rates: PairRates
        /// How late a thread of this program woke meanwhile, in milliseconds.
        var wakeUp: Spread
    }

    /// How long a guest that has booted is left alone before it is measured.
    private static let settling: Duration = .seconds(1)

    let setting: ProtectionSetting
    /// The time between checkpoints that colod goes by, in milliseconds; nil without a pair.
    private(set) var period: Int64?
    /// What colod says of its replication channel; nil without one.
    private(set) var encryption: String?
    private let pair: ProtectedPair
    private let network: PairNetwork
    private var tellsPauses = true

    /// Boots it, and waits until it is protected if it is to be.
    init(_ configuration: PairConfiguration, _ setting: ProtectionSetting, program: String) throws {
        self.setting = setting
        pair = try ProtectedPair(setting.apply(to: configuration), program: program)
        guard let network = pair.network else { throw LabError("a protected guest is measured over a tap") }
        self.network = network
        if setting == .unprotected {
            try pair.start(.a)
            try pair.waitForService(within: ProtectedPair.protectionDeadline)
        } else {
            try pair.startAndProtect()
            period = try pair.qmp(.a).execute("query-migrate-parameters")["x-checkpoint-delay"]?.integer
            encryption = try pair.qmp(.a).status().encryption
        }
        pause(Self.settling)
    }

    /// Leaves the guest alone for that long.
    func measureIdle(for span: Nanoseconds) throws -> PairRates {
        let before = try counters()
        pause(.nanoseconds(Int64(clamping: span.count)))
        return try PairRates(from: before, to: counters())
    }

    /// Has clients write for that long.
    func measure(_ shape: SetLoad.Shape, for span: Nanoseconds) throws -> Measurement {
        let load = try SetLoad(shape, from: network.client, for: span)
        try load.waitUntilMeasuring()
        return try measure { try load.finish() }
    }

    /// Pings it.
    func measurePing() throws -> Measurement {
        let ping = try Ping(PairNetwork.guestAddress, from: network.client)
        return try measure { try ping.run() }
    }

    private func measure(_ traffic: () throws -> TrafficFigures) throws -> Measurement {
        let probe = try WakeUpProbe()
        let before = try counters()
        let figures = try traffic()
        let rates = try PairRates(from: before, to: counters())
        return Measurement(traffic: figures, rates: rates, wakeUp: probe.stop())
    }

    private func counters() throws -> PairCounters {
        let client = try pair.qmp(.a)
        let status = try client.status()
        guard setting == .unprotected || status.protected else {
            throw LabError("the guest is not protected (any more): \(status.json.text())\n\(pair.log(.a))")
        }
        var counters = PairCounters(time: SystemClock().now())
        counters.checkpoints = status.checkpoints
        counters.checkpointBytes = status.checkpoints &* (status.bytesPerCheckpoint ?? 0)
        counters.pauses = try pauses(client)
        counters.primary = try ProcessTime.used(by: pair.process(.a).identifier)
        if setting != .unprotected {
            counters.secondary = try ProcessTime.used(by: pair.process(.b).identifier)
        }
        counters.linkBytes = try InterfaceBytes.counted(on: "repl0", of: network.a)
        return counters
    }

    /// Nil from a colod that does not know the command.
    private func pauses(_ client: QMPClient) throws -> [UInt64: UInt64]? {
        guard tellsPauses else { return nil }
        do {
            return try client.pauses()
        } catch let error as QMPError where error.errorClass == "CommandNotFound" {
            tellsPauses = false
            return nil
        }
    }
}
