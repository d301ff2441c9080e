import Foundation
import Testing

/// A directory with an authority and whatever certificates a test asks for, made by openssl(1).
final class CertificateLab {
    let path: String
    private var serial = 1

    /// What a certificate says of itself.
    struct Extensions {
        var isAuthority = false
        var usage = "critical,digitalSignature,keyEncipherment"
        var purpose: String? = "serverAuth"

        static let server = Extensions()
        static let client = Extensions(purpose: "clientAuth")
        static let authority = Extensions(isAuthority: true, usage: "critical,keyCertSign,cRLSign", purpose: nil)

        var text: String {
            var lines = ["basicConstraints=critical,CA:\(isAuthority)", "keyUsage=\(usage)"]
            if let purpose { lines.append("extendedKeyUsage=\(purpose)") }
            return lines.joined(separator: "\n") + "\n"
        }
    }

    init() throws {
        path = NSTemporaryDirectory() + "colod-certificates-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try write("openssl.cnf", "[req]\ndistinguished_name=dn\n[dn]\n" + Self.authoritySettings(path))
        try write("index.txt", "")
        try authority("ca")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

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

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    /// A self-signed certificate NAME.pem with NAME.key.
    func authority(
        _ name: String, _ extensions: Extensions = .authority, from: String = "20200101000000Z",
        to: String = "20991231000000Z"
    ) throws {
        try sign(name, extensions, issuer: name, from: from, to: to)
    }

    /// A certificate NAME.pem with NAME.key, issued by `issuer`.
    func sign(
        _ name: String, _ extensions: Extensions, issuer: String = "ca", from: String = "20200101000000Z",
        to: String = "20991231000000Z"
    ) throws {
        try openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "\(name).key")
        try openssl(
            "req", "-new", "-config", "openssl.cnf", "-key", "\(name).key", "-subj", "/CN=\(name)", "-out",
            "\(name).csr")
        try write("\(name).ext", extensions.text)
        let signer = issuer == name ? ["-selfsign"] : ["-cert", "\(issuer).pem"]
        try openssl(
            ["ca", "-batch", "-config", "openssl.cnf", "-notext", "-keyfile", "\(issuer).key", "-in", "\(name).csr"]
                + ["-extfile", "\(name).ext", "-startdate", from, "-enddate", to, "-out", "\(name).pem"] + signer)
    }

    /// A credentials directory in which file `to` is a copy of file `from`.
    func directory(_ files: KeyValuePairs<String, String>) throws -> String {
        serial += 1
        let directory = "\(path)/d\(serial)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for (target, source) in files {
            try FileManager.default.copyItem(atPath: "\(path)/\(source)", toPath: "\(directory)/\(target)")
        }
        return directory
    }

    private func openssl(_ arguments: String...) throws { try openssl(arguments) }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments): \(String(decoding: text, as: UTF8.self))")
    }
}
