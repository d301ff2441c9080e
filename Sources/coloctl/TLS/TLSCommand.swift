import ArgumentParser
import Certificates
import Glibc
import ManagedObjects
import SystemCalls

/// `coloctl tls`.
struct TLSCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tls", abstract: "Make and check what migrations over TLS need; needs no colod.",
        discussion: """
            For a migration, both sides have to know each other: by certificates that one authority has signed, or by \
            a key that both have. The files are those of QEMU's objects tls-creds-x509 and tls-creds-psk, so either \
            side may also be a QEMU. What is made is meant for a few hosts of one owner; an organisation that has an \
            authority uses that.

            Examples:
              coloctl tls ca ca                     make an authority, in the folder 'ca'
              coloctl tls host ca a 192.0.2.1       make the certificates of host a, in 'ca/a'
              coloctl tls host ca b 192.0.2.2
              coloctl tls psk key                   or make a shared key instead, in 'key'
              coloctl tls check /etc/colod/tls      what is there, until when, and what is wrong with it
            """,
        subcommands: [
            TLSAuthorityCommand.self, TLSHostCommand.self, TLSSharedKeyCommand.self, TLSCheckCommand.self,
        ])

    /// Where the advice puts files on a host, beside colod's configuration.
    static let folderOnHost = "/etc/colod/tls"
    /// The longest that a certificate is made for.
    static let longestDays = 36_500
    /// The name of the object in the advice.
    private static let object = "tls0"

    /// Seconds since 1970.
    static var now: Int { Int(time(nil)) }

    /// Throws unless so many days can be asked for.
    static func check(days: Int) throws {
        guard (1...longestDays).contains(days) else {
            throw ValidationError("--days is a number from 1 to \(longestDays)")
        }
    }

    /// Calls `body` and says what it throws as a failure of this program.
    static func attempt<Value>(_ body: () throws(CertificateError) -> Value) throws(Failure) -> Value {
        do throws(CertificateError) { return try body() } catch {
            switch error {
            case .present:
                throw Failure(.usage, "\(error)", next: "choose another folder, or replace them with --force")
            case .noHost, .noSubject, .noKeyName: throw Failure(.usage, "\(error)")
            case .file, .library, .noAuthority, .otherKey, .authorityOutOfTime: throw Failure(.unclear, "\(error)")
            }
        }
    }

    /// How a host is given a folder of files, and how colod uses them there.
    static func advice(folder: String, host: String, type: String) -> String {
        func add(_ endpoint: String) -> String {
            #"coloctl qmp object-add '{"qom-type": "\#(type)", "id": "\#(object)", "dir": "\#(folderOnHost)", "#
                + #""endpoint": "\#(endpoint)"}'"#
        }
        let target = host.contains(":") ? "[\(host)]" : host
        let files = type == "tls-creds-psk" ? "*.psk" : "*.pem"
        return """
              copy the files     ssh \(host) mkdir -p -m 700 \(folderOnHost)
                                 scp \(folder)/\(files) \(target):\(folderOnHost)/
              on the host        chown -R colod:colod \(folderOnHost)
                                 coloctl tls check \(folderOnHost)
              as destination     \(add("server"))
              as source          \(add("client"))
              on both            coloctl qmp migrate-set-parameters '{"tls-creds": "\(object)"}'
            """
    }
}

/// What the commands that write files have in common.
struct TLSWritingOptions: ParsableArguments {
    @Flag(help: "Replace files that are there.") var force = false
}

/// `coloctl tls ca`.
struct TLSAuthorityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ca", abstract: "Make an authority, which signs the certificates of hosts.",
        discussion: """
            Writes ca-cert.pem, which every host gets, and ca-key.pem (mode 0600), which stays where it is: who has it \
            can pass for any host. With --force, a new authority replaces another, whose certificates are then worth \
            nothing.
            """)

    @Argument(help: "The folder; made with the mode 0700.") var folder: String
    @Option(help: "What the authority is called.") var name = "colod migrations"
    @Option(help: "How long it is valid.") var days = 3650
    @OptionGroup var writing: TLSWritingOptions

    func validate() throws { try TLSCommand.check(days: days) }

    func run() throws {
        let (authority, paths) = try TLSCommand.attempt { () throws(CertificateError) in
            let authority = try CertificateAuthority(
                subject: try SubjectName(name), days: days, now: TLSCommand.now)
            return (
                authority,
                try CredentialContent.write(try authority.files(), to: folder, replacing: writing.force)
            )
        }
        try say(
            """
            Made the authority '\(name)', valid until \(CertificateSummary.date(authority.valid.upperBound)):
              \(paths[0])  every host gets it, within its folder
              \(paths[1])  stays here; whoever has it can pass for any host
            Next, for each host, with all names and addresses that others reach it by:
              coloctl tls host \(folder) HOST [ADDRESS...]
            """)
    }
}

/// `coloctl tls host`.
struct TLSHostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host", abstract: "Make the certificates of a host, signed by an authority.",
        discussion: """
            Writes a folder with everything that the host needs: ca-cert.pem, server-cert.pem and server-key.pem for a \
            destination of migrations, client-cert.pem and client-key.pem for a source; keys with the mode 0600. A \
            source looks for the host of the migration's URI among the names, or for 'tls-hostname'. No certificate is \
            valid for longer than its authority's.
            """)

    @Argument(help: ArgumentHelp("The folder of the authority.", valueName: "ca-folder")) var authority: String
    @Argument(
        help: ArgumentHelp(
            "Names and addresses of the host; the first one is also the subject (CN=...), which 'tls-authz' sees.",
            valueName: "host"))
    var hosts: [String]
    @Option(help: ArgumentHelp("The folder to write; without it, HOST in that of the authority.", valueName: "folder"))
    var out: String?
    @Option(help: "How long the certificates are valid.") var days = 365
    @OptionGroup var writing: TLSWritingOptions

    func validate() throws { try TLSCommand.check(days: days) }

    func run() throws {
        let now = TLSCommand.now
        let folder = out ?? "\(authority)/\(hosts[0])"
        let (end, isShorter, paths) = try TLSCommand.attempt { () throws(CertificateError) in
            let names = try hosts.map { text throws(CertificateError) in try HostIdentity(text) }
            let authority = try CertificateAuthority(in: authority, now: now)
            let files = try authority.files(for: names, days: days, now: now)
            let end = authority.end(days: days, now: now)
            return (
                end, end == authority.valid.upperBound,
                try CredentialContent.write(files, to: folder, replacing: writing.force)
            )
        }
        try say(
            """
            Made the certificates of \(hosts.joined(separator: ", ")), valid until \(CertificateSummary.date(end))\
            \(isShorter ? ", like the authority's" : ""):
            \(paths.map { "  \($0)" }.joined(separator: "\n"))
            Next:
            \(TLSCommand.advice(folder: folder, host: hosts[0], type: "tls-creds-x509"))
            A URI with another name or address of the host than these needs 'tls-hostname' at the source.
            """)
    }
}

/// `coloctl tls psk`.
struct TLSSharedKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "psk", abstract: "Make a shared key, instead of certificates.",
        discussion: """
            Writes keys.psk (mode 0600) with one line NAME:KEY, a key of 256 bits. Both sides get the same file: who \
            has it can pass for either. A client whose name is not 'qemu' gives it as 'username' of its object.
            """)

    @Argument(help: "The folder; made with the mode 0700.") var folder: String
    @Option(help: "The name that the key goes by.") var username = "qemu"
    @OptionGroup var writing: TLSWritingOptions

    func run() throws {
        let paths = try TLSCommand.attempt { () throws(CertificateError) in
            try CredentialContent.write(
                [try SharedKey.file(name: username)], to: folder, replacing: writing.force)
        }
        var text = """
            Made a key for '\(username)':
              \(paths[0])
            Next, the same for each host:
            \(TLSCommand.advice(folder: folder, host: "HOST", type: "tls-creds-psk"))
            """
        if username != "qemu" { text += "\nThe client's object also needs \"username\": \"\(username)\"." }
        try say(text)
    }
}
