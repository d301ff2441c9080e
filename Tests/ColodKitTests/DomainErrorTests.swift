import ManagedObjects
import Migration
import QMP
import Replication
import Testing

@testable import ColodKit

/// Which reply an error of a module becomes that knows no replies.
@Suite struct DomainErrorTests {
    @Test(
        arguments: [
            (ObjectError.noSuchPath("/x"), CommandError(.deviceNotFound, "Device '/x' not found")),
            (ObjectError.ambiguousPath("x"), .generic("Path 'x' is ambiguous")),
            (ObjectError.notFound("x"), .generic("object 'x' not found")),
            (CredentialsError.noDirectory, .generic("Missing 'dir' property value")),
            (MigrationRefusal.inProgress, .generic("There's a migration process in progress")),
            (DeviceFileError.migration(.waitsForIncoming), .generic("Guest is waiting for an incoming migration")),
            (FailoverError.notInCOLO, .generic("The feature 'colo' is not enabled")),
            (FailoverError.alreadyBegun, .generic("COLO failover already activated")),
            (CommandError(.deviceNotActive, "x"), CommandError(.deviceNotActive, "x")),
        ] as [(any Error, CommandError)])
    func itsWordsAreTheReplyAndFewHaveAClass(error: any Error, reply: CommandError) {
        #expect(CommandError(answering: error) == reply)
    }
}
