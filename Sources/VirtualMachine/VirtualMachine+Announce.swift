import Environment
import MachineModel
import PacketPath
import SystemCalls

/// When and how often a machine tells the network where it is, in milliseconds (QMP's announce-* parameters).
public struct AnnounceSchedule: Sendable, Equatable {
    /// Wait after the first round.
    public var initial: UInt64 = 50
    /// The longest wait.
    public var maximum: UInt64 = 550
    /// Number of rounds.
    public var rounds: UInt64 = 5
    /// By how much each wait is longer than the one before.
    public var step: UInt64 = 100

    /// QEMU's defaults: frames at 0, 50, 200, 450 and 800 ms.
    public init() {}

    /// A schedule of its own.
    public init(initial: UInt64, maximum: UInt64, rounds: UInt64, step: UInt64) {
        self.initial = initial
        self.maximum = maximum
        self.rounds = rounds
        self.step = step
    }

    /// The wait after round `round`, which counts from 0.
    public func delay(afterRound round: UInt64) -> Nanoseconds {
        let (added, overflow) = round.multipliedReportingOverflow(by: step)
        let (sum, overflow2) = added.addingReportingOverflow(initial)
        return .milliseconds(overflow || overflow2 ? maximum : min(sum, maximum))
    }
}

extension VirtualMachine {
    /// Sends one announcement for each network card (a broadcast RARP frame, RFC 903, from its hardware address), so
    /// that bridges and switches learn where the guest is now, and asks the guest to announce itself.
    public func announceOnce() {
        for device in parts.networkDevices {
            guard device.mac.count == 6 else { continue }
            device.backend.send(Self.announcement(from: device.mac))
        }
    }

    /// Announces on a thread of its own, the first round before this returns, until the rounds are over or the machine
    /// has ended.
    public func announce(_ schedule: AnnounceSchedule = AnnounceSchedule()) {
        guard schedule.rounds > 0, !parts.networkDevices.isEmpty else { return }
        for device in parts.networkDevices { device.requestGuestAnnounce() }
        announceOnce()
        let clock = SystemClock()
        // Without a thread the first round must do: the network learns the rest from the guest's own frames.
        _ = try? Thread(name: "announce") { [weak self] in
            let gate = ThreadGate<Void>(())
            for round in 1..<max(1, schedule.rounds) {
                _ = gate.wait(until: clock.now() + schedule.delay(afterRound: round - 1)) { _ in Bool?.none }
                guard let self, !self.control.withLock(notify: false, { $0.ended }) else { return }
                self.announceOnce()
            }
        }
    }

    static func announcement(from mac: [UInt8]) -> [UInt8] {
        let reverseRequest: [UInt8] = [0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3]
        let padding = [UInt8](repeating: 0, count: 18)
        return [UInt8](repeating: 0xff, count: 6) + mac + reverseRequest + mac + [0, 0, 0, 0] + mac + [0, 0, 0, 0]
            + padding
    }
}
