import Testing

/// A closure that a lock holds by itself is wrapped in two more calls each time that it is read in place, and these stay:
/// the way to it grows until the stack ends. A closure in a structure that the lock holds stays as it is.
@Suite struct HeldClosures {
    private func isHeldBare(_ line: String) -> Bool {
        line.contains(/\b(?:Mutex|ThreadGate|TicketLock)<\(*(?:@Sendable )?\([^()]*\) *->/)
    }

    @Test func aLockHoldsAClosureInAStructure() {
        for line in [
            "let handler = Mutex<(@Sendable (Event) -> Void)?>(nil)", "let done: Mutex<@Sendable () -> Void>",
            "let gate = ThreadGate<((Int, Int) -> Bool)?>(nil)",
        ] {
            #expect(isHeldBare(line), "\(line) was not understood")
        }
        for line in ["let bodies = Mutex<[@Sendable () -> Void]>([])", "func next(_ gate: ThreadGate<State>) -> Int"] {
            #expect(!isHeldBare(line), "\(line) was not understood")
        }
        for file in SourceTree.sources {
            for (index, line) in file.code.enumerated() where isHeldBare(line) {
                Issue.record("\(file):\(index + 1): a closure in a lock belongs into a structure: \(line)")
            }
        }
    }
}
