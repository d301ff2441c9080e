import GuestMemory

/// What is inside the chip (Am79C970A data sheet, "User accessible registers"): control and status registers (CSR), bus
/// configuration registers (BCR), and how far it has come in its rings.
struct PCNetRegisters: Equatable, Sendable {
    /// Bits of CSR0 that tell what happened; writing a one clears them.
    enum Event {
        static let missed: UInt16 = 1 << 12
        static let memoryError: UInt16 = 1 << 11
        static let received: UInt16 = 1 << 10
        static let transmitted: UInt16 = 1 << 9
        static let initialized: UInt16 = 1 << 8
        static let clearable: UInt16 = 0x7f00
        static let errors: UInt16 = 0x7800
        static let interrupting: UInt16 = 0x5f00
    }
    private enum Control {
        static let error: UInt16 = 1 << 15
        static let interrupt: UInt16 = 1 << 7
        static let interruptsEnabled: UInt16 = 1 << 6
        static let receiverOn: UInt16 = 1 << 5
        static let transmitterOn: UInt16 = 1 << 4
        static let transmitDemand: UInt16 = 1 << 3
        static let stop: UInt16 = 1 << 2
        static let start: UInt16 = 1 << 1
        static let initialize: UInt16 = 1 << 0
    }
    private enum CSR {
        static let initializationLow = 1
        static let initializationHigh = 2
        static let masks = 3
        static let suspend = 5
        static let address = 12
        static let mode = 15
        static let chipLow = 88
        static let chipHigh = 89
        static let missedFrames = 112
        static let count = 128
    }
    private enum BCR {
        static let linkLED = 4
        static let softwareStyle = 20
        static let count = 64
    }
    private enum Mode {
        static let receiverOff: UInt16 = 1 << 0
        static let transmitterOff: UInt16 = 1 << 1
        static let promiscuous: UInt16 = 1 << 15
    }
    private enum Port {
        static let data: UInt64 = 0x10
        static let address: UInt64 = 0x12
        static let reset: UInt64 = 0x14
        static let busData: UInt64 = 0x16
    }
    /// What a store asks for that needs guest memory, or that others want to know.
    struct Request: Equatable {
        var initializes = false
        var transmits = false
        var starts = false
    }

    /// The longest frame, in bytes without a checksum: with a VLAN tag.
    static let longestFrame = 1518
    /// The lengths that it sends and takes: from an Ethernet header on.
    static let frames = 14...longestFrame
    /// The shortest frame on a wire.
    static let paddedFrame = 60
    static let checksumSize = 4
    /// The identity that CSR88 and CSR89 tell.
    private static let chipIdentity: UInt32 = 0x0262_1003
    /// LED control of the link: lit while it is up, which it always is.
    private static let linkIsUp: UInt16 = 0x80c0

    private var selected = 0
    private var control: UInt16 = Control.stop
    private var csr = [UInt16](repeating: 0, count: CSR.count)
    private var bcr = [UInt16](repeating: 0, count: BCR.count)
    private let prom: [UInt8]
    var receiveRing = PCNetRing()
    var transmitRing = PCNetRing()
    /// The beginning of a frame whose end the driver has not given yet.
    var partialFrame: [UInt8] = []

    init(mac: [UInt8]) {
        // Two "W" at the end mark the PROM as valid.
        prom = mac + [UInt8](repeating: 0, count: 8) + [0x57, 0x57]
        for index in 0..<3 { csr[CSR.address + index] = UInt16(mac[2 * index]) | UInt16(mac[2 * index + 1]) << 8 }
    }

    var isReceiverOn: Bool { control & Control.receiverOn != 0 && !isSuspended }
    var isTransmitterOn: Bool { control & Control.transmitterOn != 0 && !isSuspended }
    private var isSuspended: Bool { csr[CSR.suspend] & 1 != 0 }

    private var pending: UInt16 { control & Event.interrupting & ~csr[CSR.masks] }
    var isInterrupting: Bool { pending != 0 && control & Control.interruptsEnabled != 0 }

    mutating func raise(_ event: UInt16) { control |= event }
    mutating func failMemory() { raise(Event.memoryError) }

    mutating func noteMissedFrame() {
        csr[CSR.missedFrames] &+= 1
        raise(Event.missed)
    }

    /// Whether a frame is for this card: its own address, or one of many. The filter for groups lets all of them pass.
    func accepts(_ frame: [UInt8], mac: [UInt8]) -> Bool {
        frame[0] & 1 != 0 || csr[CSR.mode] & Mode.promiscuous != 0 || frame[..<6].elementsEqual(mac)
    }

    // MARK: Ports

    mutating func load(_ register: UInt64, width: Int) -> UInt64 {
        if register < Port.data {
            var value: UInt64 = 0
            for index in 0..<width where Int(register) + index < prom.count {
                value |= UInt64(prom[Int(register) + index]) << UInt64(8 * index)
            }
            return value
        }
        switch register {
        case Port.data: return UInt64(loadCSR())
        case Port.address: return UInt64(selected)
        case Port.reset:
            resetBySoftware()
            return 0
        case Port.busData: return UInt64(loadBCR())
        default: return 0
        }
    }

    mutating func store(_ register: UInt64, value: UInt16) -> Request {
        switch register {
        case Port.data: return storeCSR(value)
        case Port.address: selected = Int(value) % CSR.count
        case Port.busData: if selected < BCR.count { bcr[selected] = value }
        default: break
        }
        return Request()
    }

    private func loadCSR() -> UInt16 {
        switch selected {
        case 0:
            let error = control & Event.errors != 0 ? Control.error : 0
            return control | error | (pending != 0 ? Control.interrupt : 0)
        case CSR.chipLow: return UInt16(truncatingIfNeeded: Self.chipIdentity)
        case CSR.chipHigh: return UInt16(Self.chipIdentity >> 16)
        default: return csr[selected]
        }
    }

    private func loadBCR() -> UInt16 {
        switch selected {
        case BCR.linkLED: return Self.linkIsUp
        case 0..<BCR.count: return bcr[selected]
        default: return 0
        }
    }

    private mutating func storeCSR(_ value: UInt16) -> Request {
        guard selected == 0 else {
            csr[selected] = value
            return Request()
        }
        control &= ~(value & Event.clearable)
        if value & Control.stop != 0 {
            control = Control.stop
            return Request()
        }
        control = control & ~Control.interruptsEnabled | value & Control.interruptsEnabled
        var request = Request()
        if value & Control.initialize != 0, control & Control.initialize == 0 {
            control = control & ~Control.stop | Control.initialize
            request.initializes = true
        }
        if value & Control.start != 0, control & Control.start == 0 {
            start()
            request.starts = true
        }
        request.transmits = value & Control.transmitDemand != 0
        return request
    }

    private mutating func start() {
        control = control & ~Control.stop | Control.start
        if csr[CSR.mode] & Mode.receiverOff == 0 { control |= Control.receiverOn }
        if csr[CSR.mode] & Mode.transmitterOff == 0 { control |= Control.transmitterOn }
    }

    /// What reading the reset register does: the bus configuration stays as it is.
    private mutating func resetBySoftware() {
        let kept = bcr
        self = PCNetRegisters(mac: Array(prom.prefix(6)))
        bcr = kept
        bcr[BCR.softwareStyle] = 0
    }

    // MARK: The initialization block

    /// Takes mode, address, filter and rings from guest memory. Only the 32-bit form is known; what is not there, or not
    /// in RAM, is a memory error.
    mutating func initialize(from memory: GuestMemory) {
        let address = UInt64(csr[CSR.initializationHigh]) << 16 | UInt64(csr[CSR.initializationLow])
        guard (2...3).contains(bcr[BCR.softwareStyle] & 0xff), let block = memory.read(address, count: 28) else {
            return failMemory()
        }
        func half(_ offset: Int) -> UInt16 { UInt16(block[offset]) | UInt16(block[offset + 1]) << 8 }
        func word(_ offset: Int) -> UInt32 { UInt32(half(offset)) | UInt32(half(offset + 2)) << 16 }
        csr[CSR.mode] = half(0)
        for index in 0..<3 { csr[CSR.address + index] = half(4 + 2 * index) }
        receiveRing = PCNetRing(address: word(20), countBits: half(2) >> 4 & 0xf)
        transmitRing = PCNetRing(address: word(24), countBits: half(2) >> 12)
        partialFrame = []
        raise(Event.initialized)
    }
}
