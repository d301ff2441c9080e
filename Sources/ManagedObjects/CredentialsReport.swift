import Glibc
public import SystemCalls

/// What is in a directory of TLS credentials, and what is wrong with it, for whoever keeps it in order.
public struct CredentialsReport: Sendable {
    /// Something to mend.
    public struct Problem: Sendable, Hashable {
        /// Whether the file is of no use as it is; else it is one day, or for somebody.
        public let isError: Bool
        /// What it is.
        public let text: String
    }

    /// One certificate, or a file that holds none.
    public struct Entry: Sendable {
        /// The file's name in the directory.
        public let file: String
        /// The certificate, if there is one to be read.
        public let certificate: CertificateSummary?
        /// What else is in the file.
        public let content: String?
        /// What is wrong.
        public let problems: [Problem]
    }

    /// In the order of the files that objects want: the authorities, the server, the client, the shared keys.
    public private(set) var entries: [Entry] = []

    /// How many names of shared keys are told.
    private static let shownNames = 10

    /// Whether there is an error.
    public var hasErrors: Bool { entries.contains { $0.problems.contains(where: \.isError) } }
    /// Whether there is anything to mend.
    public var hasProblems: Bool { entries.contains { !$0.problems.isEmpty } }

    /// Looks at `directory` as `object-add` would do. Dates are held against this host's clock. There are no entries if
    /// there is nothing in it that an object wants. Throws if there is no such directory.
    public init(of directory: String) throws(SystemError) {
        _ = try Descriptor.open(directory, flags: O_RDONLY | O_DIRECTORY)
        let sides = TLSEndpoint.allCases.reversed().filter { side in
            ["cert", "key"].contains { Self.exists("\(directory)/\(side.rawValue)-\($0).pem") }
        }
        let authorities = Self.exists("\(directory)/ca-cert.pem") ? addAuthorities(directory) : []
        for side in sides { add(side, directory, authorities) }
        if Self.exists("\(directory)/keys.psk") { addSharedKeys("\(directory)/keys.psk") }
    }

    private static func exists(_ path: String) -> Bool { Paths.isUsable(path) }

    private mutating func addAuthorities(_ directory: String) -> [X509Certificate] {
        // SAFETY: GnuTLS copies what it keeps of the file's bytes.
        let path = "\(directory)/ca-cert.pem"
        do throws(CredentialsError) {
            let found = try unsafe CertificateFiles.read(
                CredentialFile(path: path), .readAuthorities(path: path), X509Certificate.list)
            for one in found {
                let faults = one.faults(.authority, path: path).map { Problem(isError: true, text: "\($0)") }
                add("ca-cert.pem", one.summary(path: path), faults + Self.exposure("\(directory)/ca-key.pem"))
            }
            return found
        } catch {
            entries.append(Self.unreadable("ca-cert.pem", error))
            return []
        }
    }

    private mutating func add(_ side: TLSEndpoint, _ directory: String, _ authorities: [X509Certificate]) {
        // SAFETY: GnuTLS copies what it keeps of the file's bytes.
        let (file, path) = ("\(side.rawValue)-cert.pem", "\(directory)/\(side.rawValue)-cert.pem")
        var problems: [Problem] = []
        func attempt(_ body: () throws(CredentialsError) -> Void) {
            do throws(CredentialsError) { try body() } catch {
                problems.append(Problem(isError: true, text: "\(error)"))
            }
        }
        let certificate: X509Certificate
        do throws(CredentialsError) {
            certificate = try unsafe CertificateFiles.read(
                CredentialFile(path: path), .readCertificate(path: path, side), X509Certificate.one)
        } catch {
            return entries.append(Self.unreadable(file, error))
        }
        let summary = certificate.summary(path: path)
        problems = certificate.faults(.own(side), path: path).map { Problem(isError: true, text: "\($0)") }
        if !authorities.isEmpty {
            attempt { () throws(CredentialsError) in
                try certificate.verify(authorities, path: path, authorityPath: "\(directory)/ca-cert.pem")
            }
        }
        // Handing everything to GnuTLS tells whether the key is there and the certificate's own.
        attempt { () throws(CredentialsError) in
            let settings = TLSSettings(directory: directory, endpoint: side)
            _ = try CredentialFile.require("\(side.rawValue)-key.pem", in: directory)
            _ = try CertificateFiles(settings).load()
        }
        if problems.isEmpty, !summary.purposes.contains(side) {
            problems.append(Problem(isError: false, text: "its purpose is not that of a TLS \(side.rawValue)"))
        }
        problems += Self.exposure("\(directory)/\(side.rawValue)-key.pem")
        add(file, summary, problems)
    }

    private mutating func add(_ file: String, _ summary: CertificateSummary, _ problems: [Problem]) {
        var problems = problems
        if case .endsSoon(let days) = summary.time(at: Glibc.time(nil)) {
            problems.append(Problem(isError: false, text: "it ends \(CertificateSummary.ahead(days)): replace it"))
        }
        entries.append(Entry(file: file, certificate: summary, content: nil, problems: problems))
    }

    private mutating func addSharedKeys(_ path: String) {
        // SAFETY: only names are taken out of the bytes.
        do throws(CredentialFileError) {
            let names = try unsafe CredentialFile(path: path).withBytes { bytes in
                unsafe bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
                    line.firstIndex(of: UInt8(ascii: ":")).map { X509Certificate.printable(Array(line[..<$0])) }
                }
            }
            let shown = names.prefix(Self.shownNames) + (names.count > Self.shownNames ? ["..."] : [])
            let missing = names.isEmpty ? [Problem(isError: true, text: "it has no line NAME:KEY")] : []
            entries.append(
                Entry(
                    file: "keys.psk", certificate: nil, content: "keys of \(shown.joined(separator: ", "))",
                    problems: missing + Self.exposure(path)))
        } catch {
            entries.append(
                Entry(
                    file: "keys.psk", certificate: nil, content: nil,
                    problems: [Problem(isError: true, text: "it cannot be read: \(error)")]))
        }
    }

    private static func unreadable(_ file: String, _ error: CredentialsError) -> Entry {
        Entry(
            file: file, certificate: nil, content: nil, problems: [Problem(isError: true, text: error.description)])
    }

    private static func exposure(_ path: String) -> [Problem] {
        guard let status = try? FileStatus(of: path), status.permissions & 0o007 != 0 else { return [] }
        return [Problem(isError: false, text: "\(path) is open to everyone: chmod o= \(path)")]
    }
}
