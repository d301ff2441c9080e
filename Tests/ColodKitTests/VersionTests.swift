import ProgramSupport
import QMP
import Testing

@testable import ColodKit

@Suite struct VersionTests {
    @Test func theGreetingTellsTheVersionOfThePrograms() {
        #expect(ColodKit.serverVersion.package == "colod \(ProgramSupport.versionText)")
        #expect(ColodKit.version == ProgramSupport.version)
    }
}
