import Configuration
import Foundation
import SystemCalls
import Testing

@testable import ColodKit
@testable import GuestMemory

/// What is told of a host, whatever it has.
struct HostCheckTests {
    private static let refusal = SystemError(code: EPERM, call: "userfaultfd")
    private static let noKernel = SystemError(code: ENOSYS, call: "userfaultfd")

    /// A host that has everything.
    private static var facts: HostFacts {
        let faults = HostFacts.Faults.available(.systemCall, shared: true, hugePages: true)
        return HostFacts(
            missing: faults, protected: faults,
            hugePages: [
                HostFacts.HugePages(
                    pageSize: 2 << 20, counts: pages(64, free: 32), examplePages: 128, command: "set 192"),
                HostFacts.HugePages(pageSize: 1 << 30, counts: pages(0, free: 0), examplePages: 1, command: "set 1"),
            ], hasZeroCopy: true, lockedMemoryLimit: nil)
    }

    private static func pages(_ total: Int, free: Int) -> HugePagePool.Counts {
        HugePagePool.Counts(total: total, free: free)
    }

    private static func guest(_ flags: (inout CommandLineOverrides) -> Void) throws -> GuestConfiguration {
        var overrides = CommandLineOverrides()
        overrides.machine = "none"
        flags(&overrides)
        return try ColodConfiguration.load(file: nil, overrides: overrides).guest
    }

    private static func line(_ subject: String, _ facts: HostFacts, _ guest: GuestConfiguration? = nil) -> String? {
        HostCheck(facts, guest).lines.first { $0.hasPrefix("\(subject): ") }
    }

    @Test func aHostThatHasEverythingSaysSo() {
        let check = HostCheck(Self.facts, nil)
        #expect(
            check.lines == [
                "postcopy: ok: the machine riscv64 needs nothing of the host; the machine none has userfaultfd by the "
                    + "system call, for memory-backing anonymous, memfd, a file on /dev/shm, hugetlb: all faults",
                "huge pages of 2 MiB: ok: 64 set aside, 32 free",
                "huge pages of 1 GiB: absent: none set aside; for RAM on 1 of them: set 1",
                "zero copy: ok: MSG_ZEROCOPY; locked memory without a limit",
                "background snapshots: ok: the machine riscv64 needs nothing of the host; the machine none has "
                    + "userfaultfd by the system call, for memory-backing anonymous, memfd, a file on /dev/shm, hugetlb: "
                    + "all faults",
            ])
        #expect(check.isSound)
    }

    @Test func whatIsLackingOfUserfaultfdIsNamedWithWhatToDo() throws {
        var facts = Self.facts
        facts.missing = .available(.userModeOnly, shared: true, hugePages: true)
        facts.protected = .available(.device, shared: false, hugePages: false)
        let postcopy = try #require(Self.line("postcopy", facts))
        #expect(postcopy.contains("postcopy: partly: ") && postcopy.contains("no system call may touch a page"))
        #expect(postcopy.contains("/dev/userfaultfd, or sysctl vm.unprivileged_userfaultfd=1"))
        let snapshots = try #require(Self.line("background snapshots", facts))
        #expect(
            snapshots.hasSuffix(
                "userfaultfd by /dev/userfaultfd, for memory-backing anonymous: all faults; for the rest, Linux 5.19 or newer"
            ))
        facts.missing = .refused(Self.refusal)
        facts.protected = .refused(Self.noKernel)
        let forbidden = try #require(Self.line("postcopy", facts))
        #expect(forbidden.contains("none cannot: userfaultfd: Operation not permitted; let the seccomp filter"))
        let old = try #require(Self.line("background snapshots", facts))
        #expect(old.hasSuffix("userfaultfd: Function not implemented; run a kernel with CONFIG_USERFAULTFD"))
        #expect(HostCheck(facts, nil).isSound, "nobody asked for it")
        facts.missing = .refused(SystemError(code: EINVAL, call: "userfaultfd"))
        let withoutUserMode = try #require(Self.line("postcopy", facts))
        #expect(withoutUserMode.contains("Invalid argument; run Linux 5.11 or newer"))
        #expect(withoutUserMode.contains("vm.unprivileged_userfaultfd=1") && !withoutUserMode.contains("seccomp"))
    }

    @Test func lockedMemoryDecidesAboutZeroCopy() {
        var facts = Self.facts
        let ends = [
            (64 << 10, "absent: MSG_ZEROCOPY; locked memory up to 64 KiB, and each channel has 512 KiB or more "),
            (8 << 20, "partly: MSG_ZEROCOPY; locked memory up to 8192 KiB, and each channel has 512 KiB or more "),
            (1 << 30, "ok: MSG_ZEROCOPY; locked memory up to 1048576 KiB"),
        ]
        for (limit, text) in ends {
            facts.lockedMemoryLimit = UInt64(limit)
            #expect(Self.line("zero copy", facts)?.hasPrefix("zero copy: \(text)") == true)
        }
        facts.hasZeroCopy = false
        #expect(Self.line("zero copy", facts)?.hasPrefix("zero copy: absent: no MSG_ZEROCOPY; ") == true)
    }

    @Test func hugePagesAreLackingOnlyWhereRAMAsksForThem() throws {
        let (small, large) = (
            try Self.guest { ($0.memory, $0.memoryBacking) = ("64M", "hugetlb") },
            try Self.guest { ($0.memory, $0.memoryBacking) = ("256M", "hugetlb") }
        )
        // The default size of this host is the one that RAM takes.
        let pool = try #require(HugePagePool.used(by: .hugePages(path: nil)), "this kernel has no huge pages")
        var facts = Self.facts
        facts.hugePages = [
            HostFacts.HugePages(
                pageSize: pool.pageSize, counts: Self.pages(64, free: 32), examplePages: 1, command: "set 65")
        ]
        // What is not free may be in use by the guest that is asked for.
        let medium = try Self.guest { ($0.memory, $0.memoryBacking) = ("128M", "hugetlb") }
        #expect(HostCheck(facts, medium).isSound)
        #expect(
            HostCheck(facts, medium).lines.contains { $0.contains(": partly: ") && $0.contains("and RAM needs 64: ") })
        let need = (64 << 20) / pool.pageSize
        try #require(need > 0 && need <= 32, "the huge pages of this host are of another size")
        #expect(HostCheck(facts, small).isSound)
        #expect(
            HostCheck(facts, small).lines.contains {
                $0.hasSuffix(": ok: 64 set aside, 32 free, and RAM needs \(need)")
            })
        #expect(!HostCheck(facts, large).isSound)
        #expect(HostCheck(facts, large).lines.contains { $0.contains(": lacking: ") })
        #expect(HostCheck(facts, try Self.guest { $0.memory = "128M" }).isSound)
        let nowhere = try Self.guest { ($0.memory, $0.memoryBacking) = ("64M", "hugetlb:/tmp/ram") }
        #expect(!HostCheck(Self.facts, nowhere).isSound)
        #expect(
            HostCheck(Self.facts, nowhere).lines.contains(
                "huge pages: lacking: /tmp/ram is on no hugetlbfs; mount one (mount -t hugetlbfs none DIRECTORY)"))
        facts.hugePages = []
        #expect(
            HostCheck(facts, nil).lines.contains("huge pages: absent: none; run a kernel with CONFIG_HUGETLBFS"))
    }
}
