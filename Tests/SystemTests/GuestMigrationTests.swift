import Environment
import PairLab
import QMP
import SystemCalls
import Testing

extension SystemTests {
    /// A Debian guest with Redis that moves between two hosts while clients write to it.
    @Suite(
        "A guest that moves", needsPair(),
        .enabled(if: Paths.isUsable("/usr/bin/zstd"), "the program zstd is not installed"))
    struct GuestMigrationTests {
        /// One boot for all: each move's destination is the next one's source. The order changes with the seed, because
        /// what a move leaves behind must not matter to the next one.
        @Test("by every feature, under load, with nothing lost and every connection alive")
        func everyFeature() throws {
            var generator = SeededGenerator(seed: Seed.base)
            let guest = try MovingGuest(Guest.pairConfiguration().guest)
            try guest.boot()
            let load = try guest.startLoad()
            try load.waitForWrites(100, within: ProtectedPair.recoveryDeadline)
            var reports: [GuestMigrationReport] = []
            for feature in GuestMigration.all.shuffled(using: &generator) {
                let report = try guest.move(by: feature)
                do {
                    try load.waitForEveryConnection(
                        after: report.span.upperBound, within: ProtectedPair.recoveryDeadline)
                } catch {
                    throw LabError("after \(feature.name), seed \(Seed.base): \(error)")
                }
                #expect(report.wasUsed, "\(feature.name): \(report.status.text())")
                print(report.line(longestGap: load.report.longestGap(in: report.span)))
                reports.append(report)
            }
            let ledger = load.stop()
            #expect(ledger.failures.isEmpty, "seed \(Seed.base): \(ledger.failures)")
            let lost = try ledger.lostWrites(askedOf: guest.redis())
            #expect(lost.isEmpty, "seed \(Seed.base): \(Self.text(lost, reports))")
        }

        /// The lost writes, by the move that came next after their acknowledgement.
        private static func text(_ lost: [AcknowledgedWrite], _ reports: [GuestMigrationReport]) -> String {
            let suspects = lost.map { write in
                reports.first { $0.span.upperBound >= write.time }?.name ?? "after the last move"
            }
            return Dictionary(grouping: suspects) { $0 }.map { "\($0.value.count) before or in \($0.key)" }.sorted()
                .joined(separator: ", ")
        }
    }
}
