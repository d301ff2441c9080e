/// A folder with an authority and whatever certificates a test asks for, made by openssl(1).
public final class CertificateLab: Sendable {
    /// The folder.
    public let path: String
    private let folder: TemporaryFolder?
    private let host: LabHost

    /// No call of openssl is longer.
    private static let patience: Duration = .seconds(30)

    /// What a certificate says of itself.
    public struct Extensions: Sendable {
        /// Whether it may sign others.
        public var isAuthority = false
        /// keyUsage.
        public var usage = "critical,digitalSignature,keyEncipherment"
        /// extendedKeyUsage, if there is any.
        public var purpose: String? = "serverAuth"
        /// subjectAltName ("DNS:localhost,IP:127.0.0.1"), if there is any.
        public var names: String?

        /// A server's, unless changed.
        public init(
            isAuthority: Bool = false, usage: String = "critical,digitalSignature,keyEncipherment",
            purpose: String? = "serverAuth", names: String? = nil
        ) {
            (self.isAuthority, self.usage, self.purpose, self.names) = (isAuthority, usage, purpose, names)
        }

        /// A server's.
        public static let server = Extensions()
        /// That of a server on this machine.
        public static let localServer = Extensions(names: "DNS:localhost,IP:127.0.0.1")
        /// A client's.
        public static let client = Extensions(purpose: "clientAuth")
        /// An authority's.
        public static let authority = Extensions(isAuthority: true, usage: "critical,keyCertSign,cRLSign", purpose: nil)

        var text: String {
            var lines = ["basicConstraints=critical,CA:\(isAuthority)", "keyUsage=\(usage)"]
            if let purpose { lines.append("extendedKeyUsage=\(purpose)") }
            if let names { lines.append("subjectAltName=\(names)") }
            return lines.joined(separator: "\n") + "\n"
        }
    }

    /// An authority called "ca", in a folder of its own or in `path`, which is made.
    public init(at path: String? = nil) throws {
        folder = path == nil ? try TemporaryFolder(prefix: "colod-certificates") : nil
        self.path = path ?? folder?.root ?? ""
        host = try LabHost(sharingMachineNetworkAs: "certificates")
        if let path { try makeFolder(path) }
        try write("openssl.cnf", "[req]\ndistinguished_name=dn\n[dn]\n" + Self.authoritySettings(self.path))
        try write("index.txt", "")
        try authority("ca")
    }

    private static func authoritySettings(_ path: String) -> String {
        """
        [ca]
        default_ca=d
        [d]
        database=\(path)/index.txt
        rand_serial=yes
        new_certs_dir=\(path)
        default_md=sha256
        policy=p
        unique_subject=no
        [p]
        commonName=supplied

        """
    }

    /// Writes a text file.
    public func write(_ name: String, _ text: String) throws { try writeText(text, to: "\(path)/\(name)") }

    /// A self-signed certificate NAME.pem with NAME.key.
    public func authority(
        _ name: String, _ extensions: Extensions = .authority, from: String = "20200101000000Z",
        to: String = "20991231000000Z"
    ) throws {
        try sign(name, extensions, issuer: name, from: from, to: to)
    }

    /// A certificate NAME.pem with NAME.key, issued by `issuer`.
    public func sign(
        _ name: String, _ extensions: Extensions, issuer: String = "ca", from: String = "20200101000000Z",
        to: String = "20991231000000Z"
    ) throws {
        let file = "\(path)/\(name)"
        let configuration = "\(path)/openssl.cnf"
        try openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "\(file).key")
        try openssl(
            "req", "-new", "-config", configuration, "-key", "\(file).key", "-subj", "/CN=\(name)", "-out",
            "\(file).csr")
        try write("\(name).ext", extensions.text)
        let signer = issuer == name ? ["-selfsign"] : ["-cert", "\(path)/\(issuer).pem"]
        let request = [
            "ca", "-batch", "-config", configuration, "-notext", "-keyfile", "\(path)/\(issuer).key", "-in",
            "\(file).csr",
        ]
        try openssl(
            request + ["-extfile", "\(file).ext", "-startdate", from, "-enddate", to, "-out", "\(file).pem"] + signer)
    }

    /// Takes the certificate NAME.pem back: it stands in the list "crl.pem" of the authority "ca".
    public func revoke(_ name: String) throws {
        let authority = [
            "ca", "-config", "\(path)/openssl.cnf", "-keyfile", "\(path)/ca.key", "-cert", "\(path)/ca.pem",
        ]
        try openssl(authority + ["-revoke", "\(path)/\(name).pem"])
        try openssl(authority + ["-gencrl", "-crldays", "3650", "-out", "\(path)/crl.pem"])
    }

    /// A folder of credentials in which each file is a copy of another one of the laboratory.
    @discardableResult
    public func directory(_ files: KeyValuePairs<String, String>, named name: String? = nil) throws -> String {
        let directory = "\(path)/\(name ?? "d\(UInt64.random(in: 0 ... .max))")"
        try makeFolder(directory)
        for (target, source) in files {
            try writeText(try readText("\(path)/\(source)"), to: "\(directory)/\(target)")
        }
        return directory
    }

    private func openssl(_ arguments: String...) throws { try openssl(arguments) }

    private func openssl(_ arguments: [String]) throws {
        let process = try host.start(["openssl"] + arguments, log: "\(path)/openssl.log")
        guard process.waitForExit(within: Self.patience) == .exited(0) else {
            throw LabError("openssl \(arguments): \(process.output)")
        }
    }
}

extension CertificateLab {
    /// Credentials for both sides of a migration on this machine: folders "srv" and "cli" with certificates of the
    /// authority, "bad" with a client's of another one, "psk1" and "psk2" with different keys of the user "qemu".
    public func makeMigrationCredentials() throws {
        try sign("server", .localServer)
        try sign("client", .client)
        try authority("other-ca")
        try sign("unrelated", .client, issuer: "other-ca")
        func certificates(_ authority: String, _ side: String, _ name: String, in folder: String) throws {
            try directory(
                [
                    "ca-cert.pem": "\(authority).pem", "\(side)-cert.pem": "\(name).pem",
                    "\(side)-key.pem": "\(name).key",
                ], named: folder)
        }
        try certificates("ca", "server", "server", in: "srv")
        try certificates("ca", "client", "client", in: "cli")
        try certificates("other-ca", "client", "unrelated", in: "bad")
        for (number, byte) in [(1, "1f"), (2, "2e")] {
            let name = "key\(number)"
            try write(name, "qemu:" + String(repeating: byte, count: 16) + "\n")
            try directory(["keys.psk": name], named: "psk\(number)")
        }
    }
}
