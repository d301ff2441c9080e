import MigrationFormat
import QAPI
import SystemCalls
import Testing
import Transport

@testable import Migration

/// What clients of QEMU read, for each way in which a command about migrations is refused.
@Suite struct RefusalTextTests {
    @Test(arguments: [
        (MigrationRefusal.inProgress, "There's a migration process in progress"),
        (.waitsForIncoming, "Guest is waiting for an incoming migration"),
        (.pausedByMigration, "Can't migrate the vm that was paused due to previous migration"),
        (.noPausedMigration, "Cannot resume if there is no paused migration"),
        (.blocked("a device that cannot move"), "a device that cannot move"),
        (.diskNotReplicated("d"), "COLO needs every writable disk replicated, which 'd' is not"),
        (.noDiskMigrationInCOLO, "No disk migration is required in COLO mode"),
        (.incompatibleOptions, "Command options are incompatible with current migration capabilities"),
        (.diskStaysHere("d"), "Block migration is not supported: disk 'd' stays here"),
        (.notInCOLO(.multifd), "Capability 'x-colo' is not compatible with capability 'multifd'"),
        (
            .sharedMemoryInCOLO,
            "Capability 'x-colo' is not compatible with capability 'x-ignore-shared' on shared RAM"
        ),
        (.coloNotAvailable, "COLO is not available on this machine"),
        (.settings(.multifdWithCompression), "Multifd is not compatible with compress"),
        (.destination(.unknownScheme(uri: "x")), "Parameter 'uri' expects a valid migration protocol"),
        (.destination(.noRDMA), "RDMA ERROR: could not create CM channel"),
        (.listener(.unknownScheme(uri: "x")), "unknown migration protocol: x"),
        (.listener(.noRDMA), "RDMA ERROR: could not create rdma event channel"),
        (.listener(.unknownDescriptor(name: "x")), "File descriptor named 'x' has not been found"),
        (.incomingNotExpected, "'-incoming' was not specified on the command line"),
        (.incomingAlreadyStarted, "The incoming migration has already been started"),
        (.otherStatus(.preSwitchover), "Migration not in expected state: pre-switchover"),
        (.postcopyNotEnabled, "Enable postcopy with migrate_set_capability before the start of migration"),
        (.postcopyTooEarly, "Postcopy must be started after migration has been started"),
        (.postcopyNotSupported, "Postcopy is not supported"),
        (.notInPostcopy, "migrate-pause is currently only supported during postcopy-active state"),
        (.postcopyNotPaused, "Migrate recover can only be run when postcopy is paused."),
        (.system(SystemError(code: 24, call: "eventfd")), "eventfd: Too many open files"),
    ]) func eachHasTheWordsThatClientsKnow(refusal: MigrationRefusal, text: String) {
        #expect(refusal.description == text)
    }

    @Test(arguments: [
        (DeviceFileError.machineRuns, "Cannot update device state while vm is running"),
        (.migration(.inProgress), "There's a migration process in progress"),
        (.notOpened(path: "f", SystemError(code: 13, call: "open")), "Unable to open f: Permission denied"),
        (.notRead(path: "f", SystemError(code: 5, call: "read")), "Unable to read f: Input/output error"),
        (.notWritten(path: "f", SystemError(code: 28, call: "write")), "Unable to write to f: No space left on device"),
        (.noRegularFile(path: "f"), "Unable to load device state from f: it is not a regular file"),
        (.tooLong(path: "f", limit: 9), "Unable to load device state from f: it has more than 9 bytes"),
        (
            .malformed(path: "f", StreamError("Not a migration stream", offset: 0)),
            "Unable to load device state from f: Not a migration stream (byte 0 of the stream)"
        ),
    ]) func thoseAboutDeviceFilesNameTheFile(error: DeviceFileError, text: String) {
        #expect(error.description == text)
    }
}
