import Foundation
import PairLab
import Testing

extension ConformanceTests {
    /// Whole sessions that were recorded from QEMU 7.2.
    @Suite("Recorded sessions", needsColod())
    struct TranscriptTests {
        @Test("sessions of which every mechanism exists go as recorded")
        func sessions() throws { try playAll(on: .colod) }

        /// Tells mistakes of the player from those of colod; by hand, because it takes a while:
        /// COLOD_CONFORMANCE_SELF_TEST=1.
        @Test(
            "a real QEMU agrees with its own recordings",
            .enabled(if: setting("COLOD_CONFORMANCE_SELF_TEST", default: 0) == 1))
        func selfTest() throws { try playAll(on: .qemu) }

        private func playAll(on program: Program) throws {
            let only = ProcessInfo.processInfo.environment["COLOD_TRANSCRIPT"]?.split(separator: ",").map(String.init)
            var table = DifferenceTable("transcripts, \(program)", deliberate: DeliberateDifferences.sessions)
            let folder = try DataFolder.path("transcripts")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            for name in names.map({ String($0.prefix { $0 != "." }) }) where only?.contains(name) ?? true {
                let plan = TranscriptPlan.all.first { $0.name == name } ?? TranscriptPlan(name)
                guard plan.isPlayed else {
                    table.leaveOut(name, why: plan.later ?? "")
                    continue
                }
                let transcript = try Transcript(name: name, until: plan.until)
                let player = try TranscriptPlayer(transcript, on: program)
                try player.play()
                print("played \(name)")
                fflush(nil)
                for difference in player.differences {
                    table.differ(
                        "\(name), \(difference.subject)", call: difference.call, expected: difference.expected,
                        got: difference.got)
                }
                if player.differences.isEmpty { table.agree(name, remark: plan.later ?? transcript.crash) }
            }
            table.report(atLeast: 0, checkingForStaleReasons: only == nil)
        }
    }
}
