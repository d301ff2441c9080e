import Testing

/// Whoever takes from a log of writes while vCPUs keep their write permissions misses what they write afterwards.
/// `VirtualMachine.harvest` does both in one step, so nobody else takes; an engine that counts by itself forgets its
/// permissions by itself.
@Suite struct Harvests {
    private static let declarations = "Sources/GuestMemory/DirtyTracker.swift"

    /// What changes a record: the members of a tracker that are not public.
    private func members() throws -> [String] {
        let file = try #require(SourceTree.file(Self.declarations))
        return file.code.compactMap { $0.firstMatch(of: /package func ([A-Za-z]+)\(/).map { String($0.1) } }
    }

    /// Whether a file may name them.
    private func mayTake(_ file: SourceTree.File) -> Bool {
        switch file.target {
        case "GuestMemory": true
        case "VirtualMachine": file.path.hasSuffix("/VirtualMachine+Harvest.swift")
        case let target?: target.hasPrefix("Engine")
        case nil: false
        }
    }

    @Test func onlyAHarvestAndTheEnginesTakeALog() throws {
        let members = try members()
        #expect(Set(members) == ["beginRecord", "forgetRecord", "takeRecord"])
        var users: Set<String> = []
        for file in SourceTree.sources {
            for (index, line) in file.code.enumerated() {
                for member in members where line.contains(member) {
                    guard let target = file.target, mayTake(file) else {
                        Issue.record("\(file):\(index + 1): only VirtualMachine.harvest takes a log: \(line)")
                        continue
                    }
                    users.insert(target)
                }
            }
        }
        #expect(users == ["GuestMemory", "VirtualMachine", "EngineRISCV"], "the calls were not understood")
    }

    /// No other way around: the sets of a log are GuestMemory's own, and a public member of a tracker empties nothing.
    @Test func theRestOfATrackerOnlyReadsOrStops() throws {
        let file = try #require(SourceTree.file(Self.declarations))
        let open = file.code.compactMap { $0.firstMatch(of: /public (?:func|var) ([A-Za-z]+)/).map { String($0.1) } }
        #expect(Set(open) == ["isRecording", "count", "stop", "makeTracker", "makePageSets"])
        let log = try #require(SourceTree.file("Sources/GuestMemory/DirtyLog.swift"))
        #expect(log.code.contains { $0.hasPrefix("    let sets: [PageSet]") })
    }
}
