import CGnuTLS
import Glibc

/// Who signs the certificates of hosts, and is trusted by all of them: a certificate and its key.
public struct CertificateAuthority {
    /// How long before it was made a certificate is valid already, in seconds: as much as clocks may differ.
    private static let clockDifference = 3600
    private static let day = 86_400

    private let certificate: Certificate
    private let key: PrivateKey
    private let certificateFile: CredentialContent

    /// From when to when it is valid, in seconds since 1970.
    public var valid: ClosedRange<Int> { certificate.valid }

    /// A new one, that has signed itself. `now`: in seconds since 1970.
    public init(subject: SubjectName, days: Int, now: Int) throws(CertificateError) {
        key = try PrivateKey.random()
        certificate = try Certificate(
            subject: subject, key: key, valid: now - Self.clockDifference...now + days * Self.day)
        try certificate.becomeAuthority()
        try certificate.sign(by: certificate, key)
        certificateFile = CredentialContent(CredentialName.authority, try certificate.pem(), isSecret: false)
    }

    /// The one whose files are in `folder`. Throws if they are no authority's and its key, or its time is not `now`.
    public init(in folder: String, now: Int) throws(CertificateError) {
        let paths = ["\(folder)/\(CredentialName.authority)", "\(folder)/\(CredentialName.authorityKey)"]
        let text = try CredentialContent.read(paths[0])
        certificate = try Certificate.read(text, path: paths[0])
        key = try PrivateKey.read(try CredentialContent.read(paths[1]), path: paths[1])
        guard certificate.isAuthority else { throw .noAuthority(path: paths[0]) }
        guard try certificate.keyIdentifier() == key.identifier() else { throw .otherKey(path: paths[1]) }
        certificateFile = CredentialContent(CredentialName.authority, text, isSecret: false)
        guard valid.contains(now) else { throw .authorityOutOfTime(path: paths[0]) }
    }

    /// Its own files: the certificate, and the key that never leaves its folder.
    public func files() throws(CertificateError) -> [CredentialContent] {
        [certificateFile, CredentialContent(CredentialName.authorityKey, try key.pem(), isSecret: true)]
    }

    /// How long a certificate of so many days, made `now`, is valid: no longer than the authority's own.
    public func end(days: Int, now: Int) -> Int { min(now + days * Self.day, valid.upperBound) }

    /// What a host needs: whom to trust, and a certificate with its key for each use. Its subject is the first of `hosts`.
    public func files(
        for hosts: [HostIdentity], uses: [CertificateUse] = CertificateUse.allCases, days: Int, now: Int
    ) throws(CertificateError) -> [CredentialContent] {
        let subject = try SubjectName(hosts.first?.description ?? "")
        var files = [certificateFile]
        for use in uses {
            let own = try PrivateKey.random()
            let valid = now - Self.clockDifference...max(now, end(days: days, now: now))
            let signed = try Certificate(subject: subject, key: own, valid: valid)
            try signed.become(use, of: hosts)
            try signed.sign(by: certificate, key)
            files.append(CredentialContent(CredentialName.certificate(use), try signed.pem(), isSecret: false))
            files.append(CredentialContent(CredentialName.key(use), try own.pem(), isSecret: true))
        }
        return files
    }
}

/// A key that both ends of a connection have.
public enum SharedKey {
    /// The most bytes that its name may have.
    public static let longestName = 128
    /// Its length in bytes: that of the strongest cipher's key.
    public static let length = 32

    /// The file keys.psk with one new key, which goes by `name`.
    public static func file(name: String) throws(CertificateError) -> CredentialContent {
        let isGood = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "@"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard (1...longestName).contains(name.utf8.count), isGood else { throw .noKeyName(name) }
        let digits = Array("0123456789abcdef".utf8)
        let key = try randomBytes(length, GNUTLS_RND_KEY).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return CredentialContent(
            CredentialName.sharedKeys, Array("\(name):".utf8) + key + [UInt8(ascii: "\n")], isSecret: true)
    }
}
