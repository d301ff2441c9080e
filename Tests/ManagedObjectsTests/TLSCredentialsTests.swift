import Foundation
import PairLab
import QMP
import SystemCalls
import Testing

@testable import ManagedObjects

/// What the real QEMU 7.2 answered for the same files stands beside each case, DIR for the directory.
@Suite struct TLSCredentialsTests {
    private let lab = Result { try CertificateLab() }

    private func refusal(
        _ files: KeyValuePairs<String, String>, _ endpoint: TLSEndpoint = .server, check: Bool = true
    ) throws -> String? {
        let directory = try self.lab.get().directory(files)
        do {
            _ = try TLSCredentials(
                certificates: TLSSettings(directory: directory, endpoint: endpoint), sanityCheck: check)
            return nil
        } catch {
            return "\(error)".replacingOccurrences(of: directory, with: "DIR")
        }
    }

    private func missing(_ path: String) -> CredentialsError {
        .inaccessible(path: path, SystemError(code: ENOENT, call: "stat", subject: path))
    }

    private func serverFiles(_ name: String, authority: String = "ca") -> KeyValuePairs<String, String> {
        ["ca-cert.pem": "\(authority).pem", "server-cert.pem": "\(name).pem", "server-key.pem": "\(name).key"]
    }

    @Test func serverCertificatesLoadAndShowWhatTheyAreMadeFrom() throws {
        let lab = try self.lab.get()
        try lab.sign("good-server", .server)
        let directory = try lab.directory(serverFiles("good-server"))
        let credentials = try TLSCredentials(certificates: TLSSettings(directory: directory, endpoint: .server))
        #expect(credentials.typeName == "tls-creds-x509")
        #expect(
            credentials.properties == [
                ObjectProperty("endpoint", "QCryptoTLSCredsEndpoint", "server"), ObjectProperty("dir", directory),
                ObjectProperty("verify-peer", true), ObjectProperty("priority", ""),
                ObjectProperty("sanity-check", true), ObjectProperty("passwordid", ""), ObjectProperty("loaded", true),
            ])
        #expect(credentials.withCertificateCredentials { _ in true } == true)
    }

    @Test func missingFilesAreNamed() throws {
        let lab = try self.lab.get()
        try lab.sign("half", .server)
        func settings(_ directory: String?, _ endpoint: TLSEndpoint) -> TLSSettings {
            TLSSettings(directory: directory, endpoint: endpoint)
        }
        #expect(throws: CredentialsError.noDirectory) {
            _ = try TLSCredentials(certificates: settings(nil, .client))
        }
        #expect(throws: missing("/nonexist/ca-cert.pem")) {
            _ = try TLSCredentials(certificates: settings("/nonexist", .client))
        }
        let text = "Unable to access credentials DIR/server-%.pem: No such file or directory"
        #expect(
            try refusal(["ca-cert.pem": "ca.pem"]) == text.replacingOccurrences(of: "%", with: "cert"))
        #expect(
            try refusal(["ca-cert.pem": "ca.pem", "server-cert.pem": "half.pem"])
                == text.replacingOccurrences(of: "%", with: "key"))
    }

    @Test func aClientMayHaveNoCertificateOfItsOwn() throws {
        let lab = try self.lab.get()
        try lab.sign("someone", .client)
        #expect(try refusal(["ca-cert.pem": "ca.pem"], .client) == nil)
        #expect(try refusal(["ca-cert.pem": "ca.pem", "client-cert.pem": "someone.pem"], .client) == nil)
        #expect(try refusal(["ca-cert.pem": "ca.pem", "client-key.pem": "someone.key"], .client) == nil)
    }

    @Test func whatIsNoCertificateOrKeyIsRefused() throws {
        let lab = try self.lab.get()
        try lab.write("junk.pem", "junk\n")
        try lab.sign("one", .server)
        try lab.sign("two", .server)
        #expect(
            try refusal(["ca-cert.pem": "junk.pem"], .client) == "Unable to import CA certificate list DIR/ca-cert.pem")
        #expect(
            try refusal(["ca-cert.pem": "ca.pem", "server-cert.pem": "junk.pem", "server-key.pem": "one.key"])
                == "Unable to import server certificate DIR/server-cert.pem: Base64 unexpected header error.")
        let pair = "Cannot load certificate 'DIR/server-cert.pem' & key 'DIR/server-key.pem': "
        #expect(
            try refusal(["ca-cert.pem": "ca.pem", "server-cert.pem": "one.pem", "server-key.pem": "two.key"])
                == pair + "The certificate and the given key do not match.")
        #expect(
            try refusal(["ca-cert.pem": "ca.pem", "server-cert.pem": "one.pem", "server-key.pem": "junk.pem"])
                == pair + "The requested data were not available.")
        #expect(
            try refusal([
                "ca-cert.pem": "ca.pem", "ca-crl.pem": "junk.pem", "server-cert.pem": "one.pem",
                "server-key.pem": "one.key",
            ]) == "Cannot load CRL 'DIR/ca-crl.pem': Base64 decoding error.")
    }

    @Test func diffieHellmanParametersAreTakenFromTheirFile() throws {
        let lab = try self.lab.get()
        try lab.sign("party", .server)
        try lab.write("junk.pem", "junk\n")
        // The 2048 bit group of RFC 7919.
        try lab.write(
            "ffdhe2048.pem",
            """
            -----BEGIN DH PARAMETERS-----
            MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
            +8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
            87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
            YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
            7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
            ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
            -----END DH PARAMETERS-----

            """)
        func files(_ parameters: String) -> KeyValuePairs<String, String> {
            [
                "ca-cert.pem": "ca.pem", "server-cert.pem": "party.pem", "server-key.pem": "party.key",
                "dh-params.pem": parameters,
            ]
        }
        let text = "Unable to load DH parameters from DIR/dh-params.pem: Base64 unexpected header error."
        #expect(try refusal(files("junk.pem")) == text)
        #expect(try refusal(files("ffdhe2048.pem")) == nil)
        for (parameters, isGood) in ["junk.pem": false, "ffdhe2048.pem": true] {
            let settings = TLSSettings(directory: try lab.directory(["dh-params.pem": parameters]), endpoint: .server)
            #expect(((try? TLSCredentials(anonymous: settings)) != nil) == isGood)
        }
    }

    @Test func certificatesMustSuitTheirTimeAndRole() throws {
        let lab = try self.lab.get()
        typealias Extensions = CertificateLab.Extensions
        try lab.sign("old", .server, from: "20200101000000Z", to: "20200102000000Z")
        try lab.sign("future", .server, from: "20980101000000Z", to: "20990102000000Z")
        try lab.sign("isca", Extensions(isAuthority: true, usage: "critical,keyCertSign,digitalSignature"))
        try lab.sign("nosign", Extensions(usage: "critical,keyEncipherment"))
        try lab.sign("advice", Extensions(usage: "keyEncipherment"))
        try lab.sign("wrongpurpose", Extensions(purpose: "critical,clientAuth"))
        try lab.sign("anypurpose", Extensions(purpose: "critical,anyExtendedKeyUsage"))
        try lab.sign("otherpurpose", Extensions(purpose: "clientAuth"))
        let expected: KeyValuePairs<String, String?> = [
            "old": "The server certificate DIR/server-cert.pem has expired",
            "future": "The server certificate DIR/server-cert.pem is not yet active",
            "isca": "The certificate DIR/server-cert.pem basic constraints show a CA, but we need one for a server",
            "nosign": "Certificate DIR/server-cert.pem usage does not permit digital signature",
            "advice": nil,
            "wrongpurpose": "Certificate DIR/server-cert.pem purpose does not allow use with a TLS server",
            "anypurpose": nil,
            "otherpurpose": nil,
        ]
        for (name, text) in expected { #expect(try refusal(serverFiles(name)) == text, "\(name)") }
        // Who asks for no check gets none.
        #expect(try refusal(serverFiles("old"), check: false) == nil)
    }

    @Test func theAuthorityMustBeOneAndHaveIssuedOurs() throws {
        let lab = try self.lab.get()
        typealias Extensions = CertificateLab.Extensions
        try lab.sign("ours", .server)
        try lab.authority("other")
        try lab.authority("oldca", .authority, from: "20200101000000Z", to: "20200102000000Z")
        try lab.authority("notca", Extensions(usage: "critical,digitalSignature", purpose: nil))
        try lab.authority("nosigning", Extensions(isAuthority: true, usage: "critical,digitalSignature", purpose: nil))
        let expected = [
            "other":
                "Our own certificate DIR/server-cert.pem failed validation against DIR/ca-cert.pem: The certificate hasn't got a known issuer",
            "oldca": "The CA certificate DIR/ca-cert.pem has expired",
            "notca": "The certificate DIR/ca-cert.pem basic constraints do not show a CA",
            "nosigning": "Certificate DIR/ca-cert.pem usage does not permit certificate signing",
        ]
        for (name, text) in expected { #expect(try refusal(serverFiles("ours", authority: name)) == text) }
    }

    @Test func anEncryptedKeyNeedsASecretThatCannotBeThere() throws {
        #expect(throws: CredentialsError.noSecret("zz")) {
            _ = try TLSCredentials(
                certificates: TLSSettings(directory: try self.lab.get().directory(["ca-cert.pem": "ca.pem"])),
                passwordID: "zz")
        }
    }

    @Test(.timeLimit(.minutes(1))) func aPipeInPlaceOfAFileStopsNobody() throws {
        let directory = try self.lab.get().directory([:])
        #expect(mkfifo("\(directory)/ca-cert.pem", 0o600) == 0)
        #expect(mkfifo("\(directory)/keys.psk", 0o600) == 0)
        #expect(throws: CredentialsError.self) {
            _ = try TLSCredentials(certificates: TLSSettings(directory: directory))
        }
        #expect(throws: CredentialsError.self) {
            _ = try TLSCredentials(sharedKey: TLSSettings(directory: directory, endpoint: .server))
        }
    }

    @Test func sharedKeysAreFoundByName() throws {
        let lab = try self.lab.get()
        try lab.write("keys", "# keys\nqemu:6162636465666768696a6b6c6d6e6f70\nbad:zz\nnocolon\n")
        let directory = try lab.directory(["keys.psk": "keys"])
        func refusal(_ endpoint: TLSEndpoint, _ username: String? = nil) -> String? {
            do {
                _ = try TLSCredentials(
                    sharedKey: TLSSettings(directory: directory, endpoint: endpoint), username: username)
                return nil
            } catch {
                return "\(error)".replacingOccurrences(of: directory, with: "DIR")
            }
        }
        #expect(refusal(.client) == nil)
        #expect(refusal(.server) == nil)
        #expect(refusal(.client, "qemu") == nil)
        #expect(refusal(.client, "qem") == "Username qem not found in PSK file DIR/keys.psk")
        #expect(refusal(.client, "nocolon") == "Username nocolon not found in PSK file DIR/keys.psk")
        #expect(refusal(.client, "") == "Username  not found in PSK file DIR/keys.psk")
        #expect(refusal(.client, "bad") == "Cannot set PSK client credentials: Error in parsing.")
        #expect(refusal(.server, "x") == "username should not be set when endpoint=server")
        #expect(throws: CredentialsError.noDirectory) {
            _ = try TLSCredentials(sharedKey: TLSSettings())
        }
        #expect(throws: missing("/nonexist/keys.psk")) {
            _ = try TLSCredentials(sharedKey: TLSSettings(directory: "/nonexist"))
        }
    }

    @Test func anonymousCredentialsNeedNoFile() throws {
        for endpoint in TLSEndpoint.allCases {
            let credentials = try TLSCredentials(anonymous: TLSSettings(endpoint: endpoint, verifyPeer: false))
            #expect(credentials.properties.map(\.name) == ["endpoint", "dir", "verify-peer", "priority", "loaded"])
            #expect(credentials.withCertificateCredentials { _ in true } == nil)
        }
    }
}
