import QMP
import Testing

extension ConformanceTests {
    /// What counts as the same course of events, and what does not.
    @Suite("Order of events")
    struct EventOrderTests {
        private func course(_ words: String) -> [String] {
            EventOrder.canonical(
                words.split(separator: " ").map { word in
                    switch word {
                    case "STOP", "RESUME": ["event": .string(String(word))]
                    case "PASS": ["event": "MIGRATION_PASS", "data": ["pass": 1]]
                    case "EXIT": ["event": "COLO_EXIT", "data": ["mode": "primary", "reason": "error"]]
                    default: ["event": "MIGRATION", "data": ["status": .string(String(word))]]
                    }
                })
        }

        @Test("how many passes there were does not matter")
        func passes() {
            #expect(
                course("setup PASS active PASS PASS STOP PASS completed")
                    == course("setup PASS active STOP PASS completed"))
        }

        @Test("how many checkpoints there were does not matter")
        func checkpoints() {
            #expect(
                course("active STOP colo RESUME STOP PASS RESUME STOP PASS EXIT RESUME")
                    == course("active STOP colo RESUME EXIT"))
        }

        @Test(
            "an event that is missing, twice, or at another place matters",
            arguments: [
                "setup active STOP completed", "setup PASS active completed", "setup PASS active STOP completed STOP",
                "setup active PASS STOP completed", "setup PASS active STOP failed", "PASS active STOP completed",
            ])
        func others(words: String) {
            #expect(course(words) != course("setup PASS active STOP completed"))
        }
    }
}
