/// The types of objects: what `qom-list-types` and `qom-list-properties` answer from.
public enum ObjectTypes {
    /// One type.
    public struct Entry: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// What it is derived from; nil for the first of all.
        public let parent: String?
        /// Whether there are only objects of types derived from it.
        public let isAbstract: Bool
        /// Whether `object-add` makes it.
        let isCreatable: Bool

        init(_ name: String, _ parent: String?, abstract: Bool = false, creatable: Bool = false) {
            self.name = name
            self.parent = parent
            isAbstract = abstract
            isCreatable = creatable
        }
    }

    /// All types, each after its parent.
    public static let all = [
        Entry("object", nil, abstract: true),
        Entry("container", "object"),
        Entry("authz", "object", abstract: true),
        Entry("authz-simple", "authz", creatable: true),
        Entry("authz-list", "authz", creatable: true),
        Entry("tls-creds", "object", abstract: true),
        Entry("tls-creds-x509", "tls-creds", creatable: true),
        Entry("tls-creds-psk", "tls-creds", creatable: true),
        Entry("tls-creds-anon", "tls-creds", creatable: true),
        Entry("memory-backend", "object", abstract: true),
        Entry("memory-backend-ram", "memory-backend"),
        Entry("chardev", "object", abstract: true),
        Entry("chardev-socket", "chardev"),
        Entry("machine", "object", abstract: true),
        Entry("none-machine", "machine"),
        Entry("colod-riscv64-machine", "machine"),
        Entry("device", "object", abstract: true),
        Entry("cpu", "device", abstract: true),
        Entry("riscv-cpu", "cpu", abstract: true),
        Entry("rv64-riscv-cpu", "riscv-cpu"),
        Entry("virtio-mmio", "device"),
        Entry("virtio-device", "device", abstract: true),
        Entry("virtio-blk-device", "virtio-device"),
        Entry("virtio-net-device", "virtio-device"),
    ]

    /// What `object-add` makes: an interface rather than a type.
    public static let creatable = "user-creatable"

    /// The types that are, or are derived from, `ancestor` (any if nil); abstract ones only if asked for.
    public static func list(implementing ancestor: String?, includingAbstract: Bool) -> [Entry] {
        all.filter { entry in
            guard includingAbstract || !entry.isAbstract else { return false }
            guard let ancestor else { return true }
            if ancestor == creatable { return entry.isCreatable }
            return isDerived(entry, from: ancestor)
        }
    }

    private static func isDerived(_ entry: Entry, from ancestor: String) -> Bool {
        var next: Entry? = entry
        while let here = next {
            if here.name == ancestor { return true }
            next = all.first { $0.name == here.parent }
        }
        return false
    }
}
