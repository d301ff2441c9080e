/// What all programs have in common: the version, and an end that tells whether what was printed has been written.
public enum ProgramSupport {
    /// The version of every program, of `query-version` and of the log. This is its only place.
    public static let version = (major: 0, minor: 1, micro: 0)

    /// The same as text: "0.1.0".
    public static var versionText: String { "\(version.major).\(version.minor).\(version.micro)" }

    /// What `--version` of a program prints.
    public static func versionLine(_ program: String) -> String { "\(program) \(versionText)" }
}
