import Glibc
import PairLab
import SystemCalls
import Testing

@testable import Certificates
@testable import ManagedObjects

/// What is made is what TLS ends want, and nothing that is there is lost.
@Suite struct CertificatesTests {
    private let folder = Result { try TemporaryFolder() }
    private static let now = Int(time(nil))
    private static let day = 86_400

    private func path(_ name: String) throws -> String { try folder.get().path(name) }

    /// An authority in "ca" and the certificates of a host in "host", made so many days ago.
    private func make(
        hosts: [String] = ["a.example", "192.0.2.1", "2001:db8::1"], authorityDays: Int = 3650, days: Int = 365,
        daysAgo: Int = 0
    ) throws {
        let then = Self.now - daysAgo * Self.day
        let authority = try CertificateAuthority(subject: try SubjectName("test"), days: authorityDays, now: then)
        try CredentialContent.write(try authority.files(), to: path("ca"), replacing: false)
        let names = try hosts.map { try HostIdentity($0) }
        try CredentialContent.write(
            try CertificateAuthority(in: path("ca"), now: then).files(for: names, days: days, now: then),
            to: path("host"), replacing: false)
    }

    private func openssl(_ arguments: String...) throws -> String {
        let process = try LabHost(sharingMachineNetworkAs: "openssl").start(["openssl"] + arguments, log: path("log"))
        let end = process.waitForExit(within: .seconds(30))
        #expect(end == .exited(0), "\(process.output)")
        return process.output
    }

    @Test(.enabled(if: Paths.isUsable("/usr/bin/openssl", X_OK), "openssl is not installed"))
    func openSSLVerifiesStrictlyForThePurpose() throws {
        try make()
        for (use, purpose) in [("server", "sslserver"), ("client", "sslclient")] {
            _ = try openssl(
                "verify", "-x509_strict", "-purpose", purpose, "-verify_hostname", "a.example", "-CAfile",
                path("ca/ca-cert.pem"), path("host/\(use)-cert.pem"))
        }
        let text = try openssl("x509", "-noout", "-text", "-in", path("host/server-cert.pem"))
        #expect(text.contains("DNS:a.example, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1"))
    }

    @Test func theObjectsTakeThem() throws {
        try make()
        let server = try TLSCredentials(certificates: TLSSettings(directory: path("host"), endpoint: .server))
        _ = try TLSCredentials(certificates: TLSSettings(directory: path("host"), endpoint: .client))
        let own = try #require(server.certificates.last)
        #expect(own.subject == "CN=a.example")
        #expect(own.hosts == ["a.example", "192.0.2.1", "2001:db8::1"])
        #expect(own.purposes == [.server])
        #expect(server.certificates.allSatisfy { $0.warning(at: Self.now) == nil })
        #expect(try !CredentialsReport(of: path("host")).hasProblems)
    }

    @Test func aSharedKeyIsTakenByItsName() throws {
        try CredentialContent.write([try SharedKey.file(name: "web")], to: path("key"), replacing: false)
        for (endpoint, username) in [(TLSEndpoint.server, nil), (.client, "web")] {
            _ = try TLSCredentials(
                sharedKey: TLSSettings(directory: path("key"), endpoint: endpoint), username: username)
        }
        #expect(try readText(path("key/keys.psk")).contains(/^web:[0-9a-f]{64}\n$/))
        #expect(try CredentialsReport(of: path("key")).entries.map(\.content) == ["keys of web"])
    }

    @Test func keysAreTheirOwnersAlone() throws {
        try make()
        func mode(_ name: String) throws -> UInt32 { try FileStatus(of: path(name)).permissions }
        for name in ["ca", "host"] { #expect(try mode(name) == 0o700) }
        for name in ["ca/ca-key.pem", "host/server-key.pem", "host/client-key.pem"] {
            #expect(try mode(name) == 0o600)
        }
    }

    @Test func nothingIsReplacedUnlessAskedFor() throws {
        let file = try SharedKey.file(name: "qemu")
        try CredentialContent.write([file], to: path("key"), replacing: false)
        let before = try readText(path("key/keys.psk"))
        let other = try SharedKey.file(name: "qemu")
        #expect(throws: CertificateError.present([try path("key/keys.psk")])) {
            try CredentialContent.write([other], to: try path("key"), replacing: false)
        }
        #expect(try readText(path("key/keys.psk")) == before)
        try CredentialContent.write([other], to: path("key"), replacing: true)
        #expect(try readText(path("key/keys.psk")) != before)
    }

    @Test func noCertificateOutlivesItsAuthority() throws {
        try make(authorityDays: 40, days: 365)
        let report = try CredentialsReport(of: path("host"))
        let ends = Set(report.entries.compactMap { $0.certificate?.valid.upperBound })
        #expect(ends.count == 1, "\(ends)")
    }

    @Test func anAuthorityIsItsCertificateWithItsKey() throws {
        try make()
        let (certificate, key) = (try path("host/ca-cert.pem"), try path("host/ca-key.pem"))
        #expect(throws: CertificateError.file(SystemError(code: ENOENT, call: "open", subject: key))) {
            _ = try CertificateAuthority(in: path("host"), now: Self.now)
        }
        try folder.get().write(try readText(path("host/server-key.pem")), to: "host/ca-key.pem")
        #expect(throws: CertificateError.otherKey(path: key)) {
            _ = try CertificateAuthority(in: path("host"), now: Self.now)
        }
        try folder.get().write(try readText(path("host/server-cert.pem")), to: "host/ca-cert.pem")
        #expect(throws: CertificateError.noAuthority(path: certificate)) {
            _ = try CertificateAuthority(in: path("host"), now: Self.now)
        }
        #expect(throws: CertificateError.authorityOutOfTime(path: try path("ca/ca-cert.pem"))) {
            _ = try CertificateAuthority(in: path("ca"), now: Self.now + 3651 * Self.day)
        }
    }

    @Test(arguments: ["", "a b", "-a", "a.", "1.2.3", "256.1.1.1", "a/b", "ä", String(repeating: "x", count: 64)])
    func whatIsNoHostIsRefused(text: String) {
        #expect(throws: CertificateError.noHost(text)) { _ = try HostIdentity(text) }
    }

    @Test(arguments: ["", "a:b", "a\nb", "#a", String(repeating: "x", count: 129)])
    func whatIsNoNameOfAKeyIsRefused(text: String) {
        #expect(throws: CertificateError.noKeyName(text)) { _ = try SharedKey.file(name: text) }
    }

    // MARK: What the report tells

    /// What is wrong with a file of "host"; `isError` for each.
    private func problems(_ file: String) throws -> [CredentialsReport.Problem] {
        try CredentialsReport(of: path("host")).entries.filter { $0.file == file }.flatMap(\.problems)
    }

    @Test func whatEndsSoonIsTold() throws {
        try make(days: 365, daysAgo: 340)
        let problems = try problems("client-cert.pem")
        #expect(problems.map(\.isError) == [false])
        #expect(problems.first?.text.contains("in 2") == true, "\(problems)")
        let credentials = try TLSCredentials(certificates: TLSSettings(directory: path("host"), endpoint: .server))
        let texts = credentials.certificates.compactMap { $0.warning(at: Self.now) }
        #expect(texts.count == 1)
        #expect(
            texts.first?.hasPrefix("the certificate \(try path("host/server-cert.pem")) (CN=a.example) ends on ")
                == true)
    }

    @Test func whatHasEndedIsAnErrorAndNothingElse() throws {
        try make(days: 30, daysAgo: 31)
        let path = try path("host/server-cert.pem")
        #expect(
            try problems("server-cert.pem")
                == [.init(isError: true, text: "The server certificate \(path) has expired")])
        #expect(throws: CredentialsError.self) {
            _ = try TLSCredentials(certificates: TLSSettings(directory: try self.path("host"), endpoint: .server))
        }
        let unchecked = try TLSCredentials(
            certificates: TLSSettings(directory: self.path("host"), endpoint: .server), sanityCheck: false)
        #expect(unchecked.certificates.last?.warning(at: Self.now)?.contains("has ended") == true)
    }

    @Test func whatIsNotYetValidIsAnError() throws {
        try make(daysAgo: -2)
        for file in ["ca-cert.pem", "server-cert.pem"] {
            #expect(try problems(file).map(\.text).allSatisfy { $0.hasSuffix("is not yet active") })
            #expect(try problems(file).map(\.isError) == [true])
        }
    }

    @Test func filesThatDoNotBelongTogetherAreTold() throws {
        try make()
        let good = try folder.get()
        let other = try CertificateAuthority(subject: try SubjectName("other"), days: 365, now: Self.now)
        let foreign = try other.files(for: [try HostIdentity("a")], uses: [.client], days: 365, now: Self.now)
        try CredentialContent.write(
            foreign.filter { $0.name != "ca-cert.pem" }, to: path("host"), replacing: true)
        #expect(try problems("client-cert.pem").map(\.isError) == [true])
        #expect(try problems("client-cert.pem").first?.text.contains("hasn't got a known issuer") == true)
        try good.write(try readText(path("host/client-key.pem")), to: "host/server-key.pem")
        #expect(try problems("server-cert.pem").map(\.isError) == [true])
        #expect(try problems("server-cert.pem").first?.text.contains("do not match") == true)
        Paths.remove(try path("host/server-key.pem"))
        #expect(try problems("server-cert.pem").first?.text.contains("No such file") == true)
    }

    @Test func aKeyThatEveryoneMayReadIsTold() throws {
        try make()
        try #require(chmod(path("host/server-key.pem"), 0o644) == 0)
        #expect(try problems("server-cert.pem").map(\.isError) == [false])
        #expect(try problems("server-cert.pem").first?.text.contains("open to everyone") == true)
    }

    @Test func aServersCertificateInTheClientsPlaceIsTold() throws {
        try make()
        for kind in ["cert", "key"] {
            try folder.get().write(try readText(path("host/server-\(kind).pem")), to: "host/client-\(kind).pem")
        }
        #expect(
            try problems("client-cert.pem") == [
                .init(isError: false, text: "its purpose is not that of a TLS client")
            ])
    }

    @Test func timeIsToldByTheDay() throws {
        let one = CertificateSummary(
            path: "p", subject: "CN=x", hosts: [], isAuthority: false, purposes: [], valid: 0...(100 * Self.day))
        #expect(one.time(at: 70 * Self.day) == .good)
        #expect(one.time(at: 70 * Self.day + 1) == .endsSoon(days: 29))
        #expect(one.time(at: 100 * Self.day) == .endsSoon(days: 0))
        #expect(one.time(at: 100 * Self.day + 1) == .expired)
        #expect(one.time(at: -1) == .notYetActive)
        #expect(CertificateSummary.date(1_795_772_700) == "2026-11-27 09:45 UTC")
    }
}
