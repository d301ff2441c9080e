public import SystemCalls

/// Why TLS credentials were not made. The texts are those that clients of QEMU know.
public enum CredentialsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was done with a file, or asked of GnuTLS.
    public enum Step: Equatable, Sendable {
        /// Memory for the credentials.
        case allocate
        /// The certificate of one end is examined.
        case readCertificate(path: String, TLSEndpoint)
        /// The certificates of authorities are examined.
        case readAuthorities(path: String)
        /// The certificates of authorities are handed to GnuTLS.
        case loadAuthorities(path: String)
        /// A certificate and its key are handed to GnuTLS.
        case loadCertificate(path: String, keyPath: String)
        /// The list of revoked certificates is handed to GnuTLS.
        case loadRevocations(path: String)
        /// Diffie-Hellman parameters come from a file.
        case loadParameters(path: String)
        /// Diffie-Hellman parameters are the well-known ones.
        case setParameters
        /// A shared key is handed to GnuTLS.
        case setSharedKey(TLSEndpoint)
    }

    /// Why a step failed.
    public enum Reason: Equatable, Sendable, CustomStringConvertible {
        /// The file cannot be read.
        case file(CredentialFileError)
        /// GnuTLS refuses it.
        case library(GnuTLSError)

        /// The reason alone.
        public var description: String {
            switch self {
            case .file(let error): error.description
            case .library(let error): error.description
            }
        }
    }

    /// No directory was named.
    case noDirectory
    /// What was named cannot be a directory.
    case invalidDirectory
    /// A server looks up the names that clients send, and has none of its own.
    case usernameOfServer
    /// No secret has the name, so an encrypted key stays closed.
    case noSecret(String)
    /// The file is not there, or cannot be looked at.
    case inaccessible(path: String, SystemError)
    /// A step failed.
    case failed(Step, Reason)
    /// The file of shared keys cannot be read.
    case sharedKeysNotRead(path: String, CredentialFileError)
    /// The file of shared keys has none of that name.
    case noSharedKey(username: String, path: String)
    /// The certificate of that file does not do.
    case certificate(path: String, CertificateFault)

    /// What is wrong.
    public var description: String {
        switch self {
        case .noDirectory: "Missing 'dir' property value"
        case .invalidDirectory: "Parameter 'dir' cannot be the name of a directory"
        case .usernameOfServer: "username should not be set when endpoint=server"
        case .noSecret(let name): "No secret with id '\(name)'"
        case .inaccessible(let path, let error): "Unable to access credentials \(path): \(error.reason)"
        // Clients know this one without a reason.
        case .failed(.readAuthorities(let path), _): "Unable to import CA certificate list \(path)"
        case .failed(let step, let reason): "\(step.failure): \(reason)"
        case .sharedKeysNotRead(let path, let error):
            "Cannot read PSK file \(path): \(error.action) “\(path)”: \(error)"
        case .noSharedKey(let username, let path): "Username \(username) not found in PSK file \(path)"
        case .certificate(let path, let fault): fault.text(path)
        }
    }
}

extension CredentialsError.Step {
    /// What did not succeed, without the reason.
    fileprivate var failure: String {
        switch self {
        case .allocate: "Cannot allocate credentials"
        case .readCertificate(let path, let endpoint): "Unable to import \(endpoint.rawValue) certificate \(path)"
        case .readAuthorities(let path): "Unable to import CA certificate list \(path)"
        case .loadAuthorities(let path): "Cannot load CA certificate '\(path)'"
        case .loadCertificate(let path, let keyPath): "Cannot load certificate '\(path)' & key '\(keyPath)'"
        case .loadRevocations(let path): "Cannot load CRL '\(path)'"
        case .loadParameters(let path): "Unable to load DH parameters from \(path)"
        case .setParameters: "Unable to set DH parameters"
        case .setSharedKey(let endpoint): "Cannot set PSK \(endpoint.rawValue) credentials"
        }
    }
}

extension CredentialFileError {
    fileprivate var action: String {
        switch call {
        case .open: "Failed to open file"
        case .read: "Error reading file"
        }
    }
}
