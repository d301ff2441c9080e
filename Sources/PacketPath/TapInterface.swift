import CLinux
import Glibc
import SystemCalls

/// The settings of network interfaces, through ioctl(2) on a socket (netdevice(7)).
struct TapInterface {
    /// What to do when the rights are missing.
    private static let privilegeAdvice =
        "needs CAP_NET_ADMIN: run as root, grant the capability, or let root create it with 'ip tuntap add' for this user"

    let name: String
    private var subject: String { "tap \(name)" }

    init(name: String) throws(NetworkError) {
        try Self.check(name, as: "tap")
        self.name = name
    }

    /// An interface name as the kernel takes it: 1 to 15 bytes without '/', ':', '%' and white space.
    static func check(_ name: String, as kind: String) throws(NetworkError) {
        let forbidden = Set("/:%".utf8)
        let valid = name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && !forbidden.contains($0) }
        guard valid, (1...15).contains(name.utf8.count), name != ".", name != ".." else {
            throw NetworkError(
                subject: "\(kind) \"\(name)\"", problem: "not an interface name",
                advice: "1 to 15 bytes without '/', ':', '%' and blanks")
        }
    }

    /// Attaches to the interface, creating it if it is not there. One that is created goes when the descriptor is
    /// closed, at the latest when the process ends.
    func open() throws(NetworkError) -> Descriptor {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let device: Descriptor
        do { device = try Descriptor.open("/dev/net/tun", flags: O_RDWR | O_NONBLOCK) } catch {
            let missing = error.code == ENOENT || error.code == ENODEV || error.code == ENXIO
            throw NetworkError(subject, error, advice: missing ? "load the kernel module: modprobe tun" : "")
        }
        if unsafe clinux_attach_tap(device.number, name) != 0 {
            let code = errno
            let advice =
                switch code {
                case EPERM, EACCES: Self.privilegeAdvice
                case EBUSY: "another process uses this interface; give each guest its own"
                case EINVAL: "an interface of this name exists and is no single-queue tap"
                default: ""
                }
            throw NetworkError(subject, SystemError(code: code, call: "TUNSETIFF", subject: name), advice: advice)
        }
        return device
    }

    /// Makes the interface a port of `bridge`. Being one already is fine.
    func join(bridge: String) throws(NetworkError) {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        try Self.check(bridge, as: "bridge")
        let control = try controlSocket()
        let index = unsafe clinux_interface_index(control.number, name)
        guard index > 0 else { throw failure("SIOCGIFINDEX", name) }
        guard unsafe clinux_set_bridge_port(control.number, bridge, index, 1) != 0 else { return }
        let code = errno
        // Busy means: a port of some bridge. Only the right one lets it go, and then takes it again.
        if code == EBUSY, unsafe clinux_set_bridge_port(control.number, bridge, index, 0) == 0,
            unsafe clinux_set_bridge_port(control.number, bridge, index, 1) == 0
        {
            return
        }
        let advice =
            switch code {
            case ENODEV: "there is no bridge \(bridge); create it: ip link add \(bridge) type bridge"
            case EOPNOTSUPP: "\(bridge) is no bridge"
            case EBUSY: "it is a port of another bridge; take it out: ip link set \(name) nomaster"
            case EPERM: Self.privilegeAdvice
            default: ""
            }
        throw NetworkError(subject, SystemError(code: code, call: "SIOCBRADDIF", subject: bridge), advice: advice)
    }

    /// Sets the interface up, unless it is already.
    func bringUp() throws(NetworkError) {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let control = try controlSocket()
        let flags = unsafe clinux_interface_flags(control.number, name)
        guard flags >= 0 else { throw failure("SIOCGIFFLAGS", name) }
        let up = Int32(IFF_UP)
        guard flags & up == 0 else { return }
        guard unsafe clinux_set_interface_flags(control.number, name, flags | up) == 0 else {
            throw failure("SIOCSIFFLAGS", name, advice: errno == EPERM ? Self.privilegeAdvice : "")
        }
    }

    /// Throws unless the interface is there and up.
    func checkUp() throws(NetworkError) {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let control = try controlSocket()
        let flags = unsafe clinux_interface_flags(control.number, name)
        guard flags >= 0 else { throw failure("SIOCGIFFLAGS", name, advice: "it was deleted, renamed or moved away") }
        guard flags & Int32(IFF_UP) != 0 else {
            throw NetworkError(subject: subject, problem: "is down", advice: "set it up: ip link set \(name) up")
        }
    }

    /// The interface's number, which no other one has at the same time.
    func index() throws(NetworkError) -> Int32 {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let control = try controlSocket()
        let index = unsafe clinux_interface_index(control.number, name)
        guard index > 0 else { throw failure("SIOCGIFINDEX", name, advice: "there is no such interface any more") }
        return Int32(index)
    }

    private func controlSocket() throws(NetworkError) -> Descriptor {
        let number = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw failure("socket", "AF_INET") }
        return Descriptor(owning: number)
    }

    private func failure(_ call: String, _ on: String, advice: String = "") -> NetworkError {
        NetworkError(subject, SystemError(code: errno, call: call, subject: on), advice: advice)
    }
}
