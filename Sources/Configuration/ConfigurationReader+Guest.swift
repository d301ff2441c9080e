extension ConfigurationReader {
    private static let guestKeys = [
        "name", "uuid", "machine", "memory", "memory-backing", "vcpus", "kernel", "initrd", "append", "firmware",
        "console", "disks",
        "network",
    ]
    /// What only a machine with a vCPU can use.
    private static let vcpuKeys = ["vcpus", "kernel", "initrd", "append", "firmware", "disks", "network"]

    /// What says where the frames of a card go.
    private static let backendKeys = ["backend", "tap", "bridge", "forward"]

    func readGuest() -> GuestConfiguration {
        let section = top.section("guest", keys: Self.guestKeys, required: true)
        guard let section else { return Self.placeholder }
        let machine = section.required("machine", .choice, placeholder: MachineKind.none)
        let name = section.optional("name", .guestName)
        let guest = GuestConfiguration(
            givenName: name, uuid: section.optional("uuid", .uuid), machine: machine,
            memory: section.required("memory", .size(ConfigurationLimits.memory, pages: true), placeholder: 1 << 20),
            memoryBacking: section.value("memory-backing", .memoryBacking, default: .anonymous),
            vcpus: section.value("vcpus", .integer(ConfigurationLimits.vcpus), default: machine == .none ? 0 : 1),
            kernel: section.optional("kernel", .path), initrd: section.optional("initrd", .path),
            append: section.value("append", .text(ConfigurationLimits.appendLength), default: ""),
            firmware: section.optional("firmware", .path),
            console: section.value("console", .console, default: .log), disks: readDisks(section),
            network: readNetwork(section, guest: name ?? GuestConfiguration.defaultName))
        if section.isMapping, section.isSound("machine") { checkMachine(guest, section) }
        return guest
    }

    private func checkMachine(_ guest: GuestConfiguration, _ section: Section) {
        switch guest.machine {
        case .riscv64:
            if !section.has("kernel") {
                section.problem("kernel", "is missing; the machine 'riscv64' needs an absolute path of a kernel image")
            }
        case .none:
            for key in Self.vcpuKeys where section.has(key) {
                section.problem(key, "the machine 'none' has memory only; leave the key out")
            }
        }
    }

    private func readDisks(_ guest: Section) -> [DiskConfiguration] {
        guest.sections("disks", keys: ["file", "read-only"], limit: ConfigurationLimits.disks).map { disk in
            let file = disk.required("file", .path, placeholder: "/")
            let readOnly = disk.value("read-only", .boolean, default: false)
            if top.has("pair"), disk.isSound("read-only"), !readOnly {
                disk.problem(
                    "read-only",
                    "a protected guest can have read-only disks only; expected read-only: true, or no 'pair'")
            }
            return DiskConfiguration(file: file, readOnly: readOnly)
        }
    }

    private func readNetwork(_ guest: Section, guest name: String) -> [NetworkConfiguration] {
        let cards = guest.sections(
            "network", keys: Self.backendKeys + ["mac", "failover", "primary"], limit: ConfigurationLimits.networkCards)
        var seen: Set<MACAddress> = []
        return cards.enumerated().map { index, card in
            let mac = card.value("mac", .mac, default: MACAddress(guest: name, index: index))
            if !seen.insert(mac).inserted { card.problem("mac", "\(mac) is the address of another card of this guest") }
            return NetworkConfiguration(backend: readBackend(card), mac: mac, primary: readPrimary(card))
        }
    }

    /// The card that the guest gives up before it moves, if the network is a failover pair.
    private func readPrimary(_ card: Section) -> NetworkBackend? {
        let isPair = card.value("failover", .boolean, default: false)
        guard isPair else {
            if card.has("primary"), card.isSound("failover") {
                card.problem("primary", "has no meaning without failover: true")
            }
            return nil
        }
        if top.has("pair") {
            card.problem("failover", "a protected guest keeps all of its cards; expected failover: false, or no 'pair'")
        }
        return card.section("primary", keys: Self.backendKeys, required: true).map(readBackend)
    }

    private func readBackend(_ card: Section) -> NetworkBackend {
        let kind = card.required("backend", .choice, placeholder: BackendKind.user)
        let foreign = kind == .tap ? ["forward"] : ["tap", "bridge"]
        for key in foreign where card.has(key) && card.isSound("backend") {
            card.problem(key, "does not belong to the back-end '\(kind.rawValue)'")
        }
        switch kind {
        case .tap:
            return .tap(
                name: card.required("tap", .interface, placeholder: ""), bridge: card.optional("bridge", .interface))
        case .user:
            return .user(forwards: card.list("forward", .forward, limit: ConfigurationLimits.forwards))
        }
    }

    /// Stands for a guest that the file lacks, which was noted.
    private static var placeholder: GuestConfiguration {
        GuestConfiguration(
            givenName: nil, uuid: nil, machine: .none, memory: 1 << 20, memoryBacking: .anonymous, vcpus: 0,
            kernel: nil, initrd: nil, append: "", firmware: nil, console: .log, disks: [], network: [])
    }
}

private enum BackendKind: String, CaseIterable {
    case tap
    case user
}
