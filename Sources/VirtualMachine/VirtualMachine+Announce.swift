import PacketPath

extension VirtualMachine {
    /// Tells the network where the guest is now, for each of its network cards, the first round before this returns;
    /// and asks the guest to announce itself. The rounds that are left end with the machine.
    public func announce(_ parameters: AnnounceParameters = AnnounceParameters()) {
        for device in parts.networkDevices { device.requestGuestAnnounce() }
        let cards = parts.networkDevices.compactMap { device in
            EthernetAddress(device.mac).map { (device.backend, $0) }
        }
        let announcer = Announcer(cards, parameters: parameters)
        // Without a thread the first round must do: the network learns the rest from the guest's own frames.
        try? announcer.start()
        replaceAnnouncer(announcer)
    }
}
