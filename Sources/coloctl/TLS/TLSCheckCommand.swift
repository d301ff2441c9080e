import ArgumentParser
import ManagedObjects
import SystemCalls

/// `coloctl tls check`.
struct TLSCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Tell what is in a folder of TLS credentials, and what is wrong with it.",
        discussion: """
            Looks at ca-cert.pem, server-cert.pem, client-cert.pem with their keys, and keys.psk, as 'object-add' would \
            do: the time of each certificate, its purpose, whether the authority signed it and whether its key is its \
            own. Exits with
              0  all is well
              1  something is to be mended soon: a certificate ends within 30 days, a key is open to everyone
              2  something is of no use as it is
            """)

    @Argument(help: "The folder.") var folder: String

    func run() throws {
        let report: CredentialsReport
        do throws(SystemError) { report = try CredentialsReport(of: folder) } catch {
            try say("ERROR    \(folder): \(error.reason)")
            throw ExitCode(2)
        }
        guard !report.entries.isEmpty else {
            try say("ERROR    \(folder): there is neither ca-cert.pem, nor a certificate of either side, nor keys.psk")
            throw ExitCode(2)
        }
        try say(report.entries.flatMap(Self.lines).joined(separator: "\n"))
        if report.hasProblems { throw ExitCode(report.hasErrors ? 2 : 1) }
    }

    /// What is in a file, and below it what is wrong.
    private static func lines(_ entry: CredentialsReport.Entry) -> [String] {
        let word = entry.problems.isEmpty ? "OK" : entry.problems.contains(where: \.isError) ? "ERROR" : "WARNING"
        let content = entry.certificate.map(text) ?? entry.content ?? "is of no use"
        let head = "\(padded(word, 8)) \(padded(entry.file, 15)) \(content)"
        return [head] + entry.problems.map { "         \($0.isError ? "error" : "warning"): \($0.text)" }
    }

    private static func text(_ certificate: CertificateSummary) -> String {
        var parts = [certificate.subject]
        if certificate.isAuthority { parts.append("authority") }
        if !certificate.hosts.isEmpty { parts.append("for \(certificate.hosts.joined(separator: ", "))") }
        parts.append("until \(CertificateSummary.date(certificate.valid.upperBound))")
        return parts.joined(separator: "; ")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
