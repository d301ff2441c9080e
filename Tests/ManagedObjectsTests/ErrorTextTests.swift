import SystemCalls
import Testing

@testable import ManagedObjects

/// What clients of QEMU read, for errors that the other tests do not bring about.
@Suite struct ErrorTextTests {
    @Test(arguments: [
        (ObjectError.tooMany(limit: 9), "There are 9 objects already"),
        (.notCreatable(type: "x"), "invalid object type: x"),
        (.tooManyRules(11, limit: 10), "Parameter 'rules' has 11 elements, more than 10"),
        (.textTooLong(parameter: "identity", limit: 9), "Parameter 'identity' is longer than 9 bytes"),
    ]) func objectsHaveTheWordsThatClientsKnow(error: ObjectError, text: String) {
        #expect(error.description == text)
    }

    @Test(arguments: [
        (CredentialsError.noDirectory, "Missing 'dir' property value"),
        (.invalidDirectory, "Parameter 'dir' cannot be the name of a directory"),
        (.noSecret("s"), "No secret with id 's'"),
        (
            .inaccessible(path: "f", SystemError(code: 13, call: "stat")),
            "Unable to access credentials f: Permission denied"
        ),
        (
            .failed(.allocate, .library(GnuTLSError(code: -25))),
            "Cannot allocate credentials: Internal error in memory allocation."
        ),
        (
            .failed(.loadAuthorities(path: "f"), .file(CredentialFileError(code: 13, call: .open))),
            "Cannot load CA certificate 'f': Permission denied"
        ),
        (
            .failed(.setParameters, .library(GnuTLSError(code: -25))),
            "Unable to set DH parameters: Internal error in memory allocation."
        ),
        (
            .sharedKeysNotRead(path: "f", CredentialFileError(code: 13, call: .open)),
            "Cannot read PSK file f: Failed to open file “f”: Permission denied"
        ),
        (
            .sharedKeysNotRead(path: "f", CredentialFileError(code: 21, call: .read)),
            "Cannot read PSK file f: Error reading file “f”: Is a directory"
        ),
        (
            .certificate(path: "f", .noBasicConstraints),
            "The certificate f is missing basic constraints for a CA"
        ),
        (
            .certificate(path: "f", .unreadable(.keyUsage, GnuTLSError(code: -25))),
            "Unable to query certificate f key usage: Internal error in memory allocation."
        ),
        (
            .certificate(path: "f", .distrusted(authorityPath: "g", .revoked)),
            "Our own certificate f failed validation against g: The certificate has been revoked"
        ),
    ]) func credentialsHaveTheWordsThatClientsKnow(error: CredentialsError, text: String) {
        #expect(error.description == text)
    }
}
