import CGnuTLS
import Glibc

/// What a certificate says of itself.
public struct CertificateSummary: Sendable, Hashable {
    /// A certificate that ends within so many days is worth a warning: time enough to replace it.
    public static let warningDays = 30

    /// The file that it was read from.
    public let path: String
    /// Its distinguished name ("CN=a.example").
    public let subject: String
    /// The hosts that it speaks for, names and addresses.
    public let hosts: [String]
    /// Whether it is an authority's.
    public let isAuthority: Bool
    /// The ends of a connection that it is meant for; both, if it says nothing of that.
    public let purposes: [TLSEndpoint]
    /// From when to when it is valid, in seconds since 1970.
    public let valid: ClosedRange<Int>

    /// Where its time stands.
    public enum Time: Sendable, Hashable {
        /// Valid for longer than a warning needs.
        case good
        /// It ends in so many whole days.
        case endsSoon(days: Int)
        /// It has ended.
        case expired
        /// It is not valid yet.
        case notYetActive
    }

    /// Where its time stands at `now`, in seconds since 1970.
    public func time(at now: Int) -> Time {
        if now > valid.upperBound { return .expired }
        if now < valid.lowerBound { return .notYetActive }
        let left = valid.upperBound - now
        return left < Self.warningDays * Self.day ? .endsSoon(days: left / Self.day) : .good
    }

    /// One line about what is wrong with its time at `now`; nil if nothing is.
    public func warning(at now: Int) -> String? {
        let certificate = "the certificate \(path) (\(subject))"
        switch time(at: now) {
        case .good: return nil
        case .endsSoon(let days):
            return "\(certificate) ends on \(Self.date(valid.upperBound)), \(Self.ahead(days)): replace it"
        case .expired: return "\(certificate) has ended, on \(Self.date(valid.upperBound)): replace it"
        case .notYetActive:
            return "\(certificate) is not valid before \(Self.date(valid.lowerBound)): is this host's clock right?"
        }
    }

    private static let day = 86_400

    /// "in 3 days".
    public static func ahead(_ days: Int) -> String {
        days == 0 ? "in less than a day" : days == 1 ? "in 1 day" : "in \(days) days"
    }

    /// A moment, in seconds since 1970, to the minute: "2026-11-27 09:05 UTC".
    public static func date(_ seconds: Int) -> String {
        // SAFETY: gmtime_r(3) fills a local, and strftime(3) writes no more than the array has.
        var moment = time_t(seconds)
        var parts = unsafe tm()
        var text = [CChar](repeating: 0, count: 64)
        guard unsafe gmtime_r(&moment, &parts) != nil,
            unsafe strftime(&text, text.count, "%Y-%m-%d %H:%M UTC", &parts) > 0
        else { return "second \(seconds)" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension X509Certificate {
    /// How many names are read at most.
    private static let maximumHostCount = 64
    /// No name is longer.
    private static let longestName = 1024

    /// What it says of itself; `path` is the file that it came from.
    func summary(path: String) -> CertificateSummary {
        // SAFETY: the handle lives as long as `self`.
        let begin = unsafe Int(gnutls_x509_crt_get_activation_time(handle))
        let end = unsafe Int(gnutls_x509_crt_get_expiration_time(handle))
        return CertificateSummary(
            path: path, subject: subject, hosts: hosts,
            isAuthority: unsafe gnutls_x509_crt_get_basic_constraints(handle, nil, nil, nil) > 0, purposes: purposes,
            valid: begin...max(begin, end))
    }

    private var subject: String {
        // SAFETY: GnuTLS writes no more than `size` bytes, which the array has.
        var text = [CChar](repeating: 0, count: Self.longestName)
        var size = text.count
        guard unsafe gnutls_x509_crt_get_dn(handle, &text, &size) >= 0 else { return "without a name" }
        return Self.printable(text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    }

    private var hosts: [String] {
        // SAFETY: GnuTLS writes no more than `size` bytes, which the array has.
        var found: [String] = []
        for index in 0..<Self.maximumHostCount {
            var bytes = [UInt8](repeating: 0, count: Self.longestName)
            var size = bytes.count
            let kind = unsafe gnutls_x509_crt_get_subject_alt_name(handle, UInt32(index), &bytes, &size, nil)
            if kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE { break }
            let name = Array(bytes.prefix(size))
            if kind == GNUTLS_SAN_DNSNAME.rawValue { found.append(Self.printable(name)) }
            if kind == GNUTLS_SAN_IPADDRESS.rawValue, let text = Self.address(name) { found.append(text) }
        }
        return found
    }

    private var purposes: [TLSEndpoint] {
        // SAFETY: the handle lives as long as `self`.
        TLSEndpoint.allCases.filter { endpoint in
            let purpose = endpoint == .server ? GNUTLS_KP_TLS_WWW_SERVER : GNUTLS_KP_TLS_WWW_CLIENT
            return unsafe gnutls_x509_crt_check_key_purpose(handle, purpose, 0) != 0
        }
    }

    private static func address(_ bytes: [UInt8]) -> String? {
        // SAFETY: inet_ntop(3) reads the 4 or 16 bytes that an address of that family has, and writes into a local array
        // that is long enough for any.
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard unsafe inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count)) != nil else {
            return nil
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A name that somebody else chose, without what a terminal would obey.
    static func printable(_ bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            text.append(scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) ? "?" : scalar)
        }
        return String(text)
    }
}
