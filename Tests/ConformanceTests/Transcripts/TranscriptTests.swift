import Foundation
import PairLab
import Synchronization
import Testing

extension ConformanceTests {
    /// Whole sessions that were recorded from QEMU 7.2.
    @Suite("Recorded sessions", needsColod())
    struct TranscriptTests {
        @Test("sessions of which every mechanism exists go as recorded")
        func sessions() throws { try playAll(on: .colod) }

        /// Tells mistakes of the player from those of colod. COLOD_TRANSCRIPT names others, separated by commas.
        @Test("a real QEMU agrees with its own recordings", needsQEMU())
        func selfTest() throws {
            try playAll(
                on: .qemu, unlessTold: ["cancel", "fail_refused", "pause_before_switchover", "precopy_tcp_events"])
        }

        private static let atOnce = 3

        private enum Outcome: Sendable {
            case agrees(remark: String?)
            case differs([TranscriptPlayer.Difference])
        }

        private static func play(_ plan: TranscriptPlan, on program: Program) -> Outcome {
            do {
                let transcript = try Transcript(name: plan.name, until: plan.until)
                let player = try TranscriptPlayer(
                    transcript, on: program, kernel: plan.isGuestBusy ? GuestProgram.dirtying.path.get() : nil)
                try player.play()
                guard player.differences.isEmpty else { return .differs(player.differences) }
                return .agrees(remark: plan.later ?? transcript.crash)
            } catch {
                return .differs([.init(call: "all of it", expected: "", got: "\(error)")])
            }
        }

        private func playAll(on program: Program, unlessTold names: [String]? = nil) throws {
            let told = ProcessInfo.processInfo.environment["COLOD_TRANSCRIPT"]?.split(separator: ",").map(String.init)
            let only = told ?? names
            var table = DifferenceTable(
                "transcripts, \(program)", deliberate: program == .colod ? DeliberateDifferences.sessions : [],
                isGrouped: true)
            let folder = try DataFolder.path("transcripts")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            let plans = names.map { String($0.prefix { $0 != "." }) }.filter { only?.contains($0) ?? true }.map {
                name in
                TranscriptPlan.all.first { $0.name == name } ?? TranscriptPlan(name)
            }
            let outcomes = Mutex([String: Outcome]())
            // Most of the time of a session is spent waiting.
            let queue = Mutex(plans.filter(\.isPlayed))
            DispatchQueue.concurrentPerform(iterations: Self.atOnce) { _ in
                while let plan = queue.withLock({ $0.popLast() }) {
                    let outcome = Self.play(plan, on: program)
                    outcomes.withLock { $0[plan.name] = outcome }
                }
            }
            for plan in plans {
                switch outcomes.withLock({ $0[plan.name] }) {
                case nil: table.leaveOut(plan.name, why: plan.later ?? "")
                case .agrees(let remark): table.agree(plan.name, remark: remark)
                case .differs(let differences):
                    for difference in differences {
                        table.differ(
                            "\(plan.name), \(difference.subject)", call: difference.call,
                            expected: difference.expected, got: difference.got)
                    }
                }
            }
            table.report(atLeast: 0, checkingForStaleReasons: only == nil)
        }
    }
}
