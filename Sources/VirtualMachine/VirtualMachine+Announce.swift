import MachineModel
public import PacketPath
import SystemCalls

extension VirtualMachine {
    /// How many announcements of different names go on at a time.
    static let maximumAnnouncementCount = 16

    /// Tells the network where the guest is now, for each of its network cards, the first round before this returns;
    /// and asks the guest to announce itself. The rounds that are left end with the machine, or when the guest leaves it.
    /// Called while the machine is at rest.
    public func announce(_ parameters: AnnounceParameters = AnnounceParameters()) {
        for device in parts.networkDevices { device.requestGuestAnnounce() }
        announce(parameters, parts.networkDevices, name: "")
    }

    /// The same at any time. `interfaces`: only the cards of these names ("net0" is the first one). An announcement of
    /// the same `name` that still goes on ends.
    public func announceByCommand(_ parameters: AnnounceParameters, interfaces: Set<String>?, name: String) {
        let devices = parts.networkDevices.enumerated().filter { index, _ in
            interfaces?.contains("net\(index)") ?? true
        }.map(\.element)
        // A disk that hangs keeps the devices; then the host's part of the announcement must do.
        _ = parts.lock.withLockWhileFrozen(until: SystemClock().now() + Self.pausePatience) {
            for device in devices { device.requestGuestAnnounce() }
        }
        announce(parameters, devices, name: name)
    }

    /// The way that the guest's frames take.
    private func path(of device: any NetworkDevice) -> any NetworkBackend {
        parts.failoverPairs.first { $0.standby === device }?.path ?? device.backend
    }

    private func announce(_ parameters: AnnounceParameters, _ devices: [any NetworkDevice], name: String) {
        let cards = devices.compactMap { device in EthernetAddress(device.mac).map { (path(of: device), $0) } }
        let announcer = Announcer(cards, parameters: parameters)
        // Without a thread the first round must do: the network learns the rest from the guest's own frames.
        try? announcer.start()
        replaceAnnouncer(announcer, name: name)
    }
}
