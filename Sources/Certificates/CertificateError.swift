public import ManagedObjects
public import SystemCalls

/// Why something was not made.
public enum CertificateError: Error, Equatable, Sendable, CustomStringConvertible {
    /// GnuTLS refused; `step` says what it was asked for.
    case library(step: String, GnuTLSError)
    /// A file could not be read or written.
    case file(SystemError)
    /// These files are there already.
    case present([String])
    /// The text is neither a host's name nor an address.
    case noHost(String)
    /// The text cannot be a subject's name.
    case noSubject(String)
    /// The text cannot be the name of a shared key.
    case noKeyName(String)
    /// The certificate of that file is no authority's.
    case noAuthority(path: String)
    /// The key of that file is not that of the authority's certificate.
    case otherKey(path: String)
    /// The authority's certificate has ended, or is not valid yet.
    case authorityOutOfTime(path: String)

    /// One line.
    public var description: String {
        switch self {
        case .library(let step, let error): "\(step): \(error)"
        case .file(let error): "\(error)"
        case .present(let paths): "\(paths.joined(separator: ", ")) is there already"
        case .noHost(let text): "'\(text)' is neither the name of a host nor an address"
        case .noSubject(let text): "'\(text)' cannot be a subject: it needs 1 to \(SubjectName.longest) bytes of text"
        case .noKeyName(let text):
            "'\(text)' cannot name a key: use 1 to \(SharedKey.longestName) of letters, digits, '.', '_', '@' and '-'"
        case .noAuthority(let path): "\(path) is no certificate of an authority"
        case .otherKey(let path): "\(path) is not the key of the authority's certificate"
        case .authorityOutOfTime(let path): "\(path) has ended, or is not valid yet"
        }
    }
}
