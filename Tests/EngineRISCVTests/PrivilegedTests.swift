import EngineRISCV
import Foundation
import Testing

/// Programs that check themselves.
@Suite(.buildsGuestPrograms) struct PrivilegedTests {
    @Test func privilegedBehaviourIsAsSpecified() throws {
        let compiler = try GuestCompiler()
        defer { compiler.removeFiles() }
        let source = GuestCompiler.Source(name: "privileged.S", text: PrivilegedProgram.source)
        let run = try EngineRun(try compiler.build([source], bare: true, ownEntry: true), limit: 10_000_000)
        #expect(run.outcome == .passed)
    }
}
