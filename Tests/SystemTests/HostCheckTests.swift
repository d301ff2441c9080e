import Foundation
import PairLab
import SystemCalls
import Testing

extension SystemTests {
    /// `colod --check-host`, held against this host.
    @Suite("What a host has", needsColod())
    struct HostCheckTests {
        private static let program = ProtectedPair.builtProgram("colod")
        private static let ordinaryUser = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]

        /// What the program says on standard output, one line after the other.
        private func lines(_ command: [String]) throws -> (ProcessEnd?, [String]) {
            let (end, text) = try run(["sh", "-c", "\(command.joined(separator: " ")) 2>/dev/null"])
            return (end, text.split(separator: "\n").map(String.init))
        }

        private func line(_ subject: String, _ lines: [String]) throws -> String {
            try #require(lines.first { $0.hasPrefix("\(subject): ") }, "\(lines)")
        }

        private func pages(_ name: String) -> Int? {
            let path = "/sys/kernel/mm/hugepages/hugepages-2048kB/\(name)"
            let text = try? String(contentsOfFile: path, encoding: .utf8)
            return text.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }

        @Test("each line is true, with the rights of the test")
        func asItIs() throws {
            let (end, lines) = try lines([Self.program, "--check-host"])
            #expect(end == .exited(0), "nothing was asked for")
            let way = try? UserFaults.way()
            let opened =
                switch way {
                case .systemCall: "has userfaultfd by the system call, for"
                case .device: "has userfaultfd by /dev/userfaultfd, for"
                case .userModeOnly: "has userfaultfd by the system call (UFFD_USER_MODE_ONLY), for"
                case nil: "the machine none cannot: userfaultfd: "
                }
            for subject in ["postcopy", "background snapshots"] {
                #expect(try line(subject, lines).contains(opened))
            }
            if let total = pages("nr_hugepages"), total > 0 {
                #expect(try line("huge pages of 2 MiB", lines).contains("\(total) set aside, "))
            }
        }

        @Test(
            "an ordinary user has the faults of user mode and a limit of locked memory",
            .disabled(if: geteuid() != 0, "becoming another user needs root"))
        func asAnOrdinaryUser() throws {
            let limited = ["prlimit", "--memlock=65536:65536", "--"] + Self.ordinaryUser
            let (end, lines) = try lines(limited + [Self.program, "--check-host"])
            #expect(end == .exited(0))
            let isFree = try String(contentsOfFile: "/proc/sys/vm/unprivileged_userfaultfd", encoding: .utf8) == "1\n"
            let mayOpen = try run(Self.ordinaryUser + ["test", "-w", "/dev/userfaultfd"]).0 == .exited(0)
            let opened = isFree ? "call, for" : mayOpen ? "by /dev/userfaultfd, for" : "(UFFD_USER_MODE_ONLY), for"
            #expect(try line("postcopy", lines).contains(opened))
            #expect(try line("zero copy", lines).contains("locked memory up to 64 KiB, and each channel has 512 KiB"))
        }

        @Test(
            "where the system call is forbidden it says so, and what lets it through",
            .disabled(if: geteuid() != 0, "becoming another user needs root"))
        func whereItIsForbidden() throws {
            let denying = [
                "strace", "-f", "-o", "/dev/null", "-e", "trace=userfaultfd", "-e", "inject=userfaultfd:error=EPERM",
            ]
            let (end, lines) = try lines(Self.ordinaryUser + denying + [Self.program, "--check-host"])
            #expect(end == .exited(0), "nothing was asked for")
            for subject in ["postcopy", "background snapshots"] {
                #expect(
                    try line(subject, lines).hasSuffix(
                        "the machine none cannot: userfaultfd: Operation not permitted; let the seccomp filter pass it "
                            + "(SystemCallFilter=@system-service of a unit, the profile of a container)"))
            }
        }

        @Test(
            "a kernel without UFFD_USER_MODE_ONLY is named, and no seccomp filter",
            .disabled(if: geteuid() != 0, "becoming another user needs root"))
        func whereThereAreNoFaultsOfUserMode() throws {
            // Such a kernel knows no flag of that value.
            let old = [
                "strace", "-f", "-o", "/dev/null", "-e", "trace=userfaultfd", "-e", "inject=userfaultfd:error=EINVAL",
            ]
            let (_, lines) = try lines(Self.ordinaryUser + old + [Self.program, "--check-host"])
            for subject in ["postcopy", "background snapshots"] {
                let text = try line(subject, lines)
                #expect(text.contains("run Linux 5.11 or newer") && !text.contains("seccomp"), "\(text)")
            }
        }

        @Test("RAM on huge pages that the host does not have is lacking, and the exit status is 1")
        func whatIsAskedFor() throws {
            try #require(pages("nr_hugepages") != nil, "this kernel has no huge pages of 2 MiB")
            let machine = ["--machine", "none", "--memory-backing", "hugetlb", "--memory"]
            let (end, lines) = try lines([Self.program, "--check-host"] + machine + ["256G"])
            #expect(end == .exited(1))
            let line = try #require(lines.first { $0.contains(": lacking: ") })
            #expect(line.contains("RAM needs ") && line.contains(" free; reserve more: echo "))
            #expect(lines.count { $0.contains(": lacking: ") } == 1)
            let (wrong, _) = try self.lines([Self.program, "--check-host"] + machine + ["16X"])
            #expect(wrong == .exited(78))
        }
    }
}
