public import Configuration
import Glibc
import GuestMemory
import SystemCalls

/// What this host has and lacks for the features that need something of it, a line on each with what to do about it.
public struct HostCheck: Sendable {
    /// How it is with a feature.
    enum Verdict: String, Sendable {
        case ok
        /// It works with less than there could be.
        case partly
        /// It does not work here, and the configuration does not ask for it.
        case absent
        /// It does not work here, and the configuration asks for it.
        case lacking
    }

    struct Line: Sendable, Equatable {
        var subject: String
        var verdict: Verdict
        var text: String
    }

    let content: [Line]

    /// Looks at this host, with the rights of this process. `configuration`: what may ask for something; nil asks for
    /// nothing.
    public init(_ configuration: ColodConfiguration?) { self.init(.current, configuration?.guest) }

    init(_ facts: HostFacts, _ guest: GuestConfiguration?) {
        content =
            [
                Self.line(
                    "postcopy", facts.missing, without: "the machine riscv64 needs nothing of the host",
                    limited: "no system call may touch a page that has not come")
            ] + Self.hugePages(facts.hugePages, guest) + [
                Self.zeroCopy(facts),
                Self.line(
                    "background snapshots", facts.protected,
                    without: "the machine riscv64 needs nothing of the host",
                    limited: "what a system call writes is not noticed"),
            ]
    }

    /// One line on each feature.
    public var lines: [String] { content.map { "\($0.subject): \($0.verdict.rawValue): \($0.text)" } }

    /// Whether there is all that the configuration asks for.
    public var isSound: Bool { content.allSatisfy { $0.verdict != .lacking } }

    // MARK: userfaultfd

    private static func line(
        _ subject: String, _ faults: HostFacts.Faults, without: String, limited: String
    ) -> Line {
        switch faults {
        case .refused(let error):
            return Line(
                subject: subject, verdict: .partly,
                text: "\(without); the machine none cannot: \(error); \(advice(error))")
        case .available(let way, let shared, let hugePages):
            let memory =
                ["anonymous"] + (shared ? ["memfd", "a file on /dev/shm"] : []) + (hugePages ? ["hugetlb"] : [])
            let rest = shared && hugePages ? "" : "; for the rest, Linux 5.19 or newer"
            let (opened, reach) = described(way, limited)
            return Line(
                subject: subject, verdict: way == .userModeOnly || !shared || !hugePages ? .partly : .ok,
                text: "\(without); the machine none has userfaultfd \(opened), for memory-backing "
                    + "\(memory.joined(separator: ", ")): \(reach)\(rest)")
        }
    }

    private static func described(_ way: UserFaults.Way, _ limited: String) -> (opened: String, reach: String) {
        switch way {
        case .systemCall: ("by the system call", "all faults")
        case .device: ("by /dev/userfaultfd", "all faults")
        case .userModeOnly:
            (
                "by the system call (UFFD_USER_MODE_ONLY)",
                "faults of user mode only, \(limited); for all, let the user of colod open /dev/userfaultfd, or "
                    + "sysctl vm.unprivileged_userfaultfd=1"
            )
        }
    }

    private static func advice(_ error: SystemError) -> String {
        switch error.code {
        case ENOSYS: "run a kernel with CONFIG_USERFAULTFD"
        case EOPNOTSUPP: "run a newer kernel"
        // It does not know UFFD_USER_MODE_ONLY, and lets this process have no more than that.
        case EINVAL:
            "run Linux 5.11 or newer, which lets everybody have the faults of user mode, or sysctl "
                + "vm.unprivileged_userfaultfd=1, or give colod CAP_SYS_PTRACE"
        default:
            "let the seccomp filter pass it (SystemCallFilter=@system-service of a unit, the profile of a container)"
        }
    }

    // MARK: Huge pages

    private static func hugePages(_ sizes: [HostFacts.HugePages], _ guest: GuestConfiguration?) -> [Line] {
        let used = guest.flatMap { HugePagePool.used(by: MemoryBacking($0.memoryBacking)) }
        var lines: [Line] = sizes.map { size in
            let subject = "huge pages of \(sizeText(size.pageSize))"
            guard let counts = size.counts else {
                return Line(subject: subject, verdict: .absent, text: "the host does not tell how many there are")
            }
            let state = "\(counts.total) set aside, \(counts.free) free"
            if let guest, let used, used.pageSize == size.pageSize {
                let pages = (guest.memory + size.pageSize - 1) / size.pageSize
                let needs = "\(state), and RAM needs \(pages)"
                if counts.free >= pages { return Line(subject: subject, verdict: .ok, text: needs) }
                if counts.total >= pages {
                    let text = needs + ": enough if the others are those of this guest's colod, which runs already"
                    return Line(subject: subject, verdict: .partly, text: text)
                }
                return Line(subject: subject, verdict: .lacking, text: used.shortage(pages: pages))
            }
            guard counts.total == 0 else { return Line(subject: subject, verdict: .ok, text: state) }
            return Line(
                subject: subject, verdict: .absent,
                text: "none set aside; for RAM on \(size.examplePages) of them: \(size.command)")
        }
        if let guest, case .hugePages(let path) = guest.memoryBacking, used == nil {
            lines.append(
                Line(
                    subject: "huge pages", verdict: .lacking,
                    text: path.map { "\($0) is on no hugetlbfs; mount one (mount -t hugetlbfs none DIRECTORY)" }
                        ?? "run a kernel with CONFIG_HUGETLBFS"))
        }
        if lines.isEmpty {
            lines.append(
                Line(subject: "huge pages", verdict: .absent, text: "none; run a kernel with CONFIG_HUGETLBFS"))
        }
        return lines
    }

    private static func sizeText(_ bytes: Int) -> String {
        bytes >= 1 << 30 ? "\(bytes >> 30) GiB" : bytes >= 1 << 20 ? "\(bytes >> 20) MiB" : "\(bytes >> 10) KiB"
    }

    // MARK: Zero copy

    /// What a channel sends at a time.
    private static let packetSize: UInt64 = 512 << 10
    /// What channels of a fast network have on their way.
    private static let comfortableLimit: UInt64 = 64 << 20

    private static func zeroCopy(_ facts: HostFacts) -> Line {
        let subject = "zero copy"
        guard facts.hasZeroCopy else {
            return Line(
                subject: subject, verdict: .absent,
                text: "no MSG_ZEROCOPY; leave the capability zero-copy-send off, or run Linux 4.14 or newer")
        }
        guard let limit = facts.lockedMemoryLimit else {
            return Line(subject: subject, verdict: .ok, text: "MSG_ZEROCOPY; locked memory without a limit")
        }
        let state = "MSG_ZEROCOPY; locked memory up to \(limit >> 10) KiB"
        let advice = "LimitMEMLOCK=infinity in the unit (colod@.service has it), or ulimit -l unlimited"
        guard limit < comfortableLimit else { return Line(subject: subject, verdict: .ok, text: state) }
        return Line(
            subject: subject, verdict: limit < packetSize ? .absent : .partly,
            text: "\(state), and each channel has \(packetSize >> 10) KiB or more on its way; \(advice)")
    }
}
