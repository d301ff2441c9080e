public import MachineModel

/// A serial port with the registers of the National PC16550D, one byte apart.
///
/// What the guest sends goes to the sink at once, so the transmitter is always empty and modem flow control plays no
/// part. What comes from the host waits in the receive FIFO, which is deeper than the chip's 16 bytes and drops (with
/// an overrun mark) what does not fit.
public final class UART16550: MemoryMappedDevice, SavedDevice, @unchecked Sendable {
    // SAFETY: every field is touched only with the machine lock held or the machine paused.
    /// The registers and what waits to be read.
    public struct State: Equatable, Sendable {
        var divisor: UInt16 = 1
        var interruptEnable: UInt8 = 0
        var fifoControl: UInt8 = 0
        var lineControl: UInt8 = 0
        var modemControl: UInt8 = 0
        var scratch: UInt8 = 0
        var transmitEmptyPending = false
        var overrun = false
        var received: [UInt8] = []
    }

    /// The guest-physical addresses of its registers.
    public let range: Range<UInt64>
    /// The section of its state.
    public let identity: DeviceIdentity
    private let line: InterruptLine
    private let sink: @Sendable (UInt8) -> Void
    private var state = State()

    /// The length of the register range in bytes.
    public static let size: UInt64 = 0x100
    /// How many received bytes wait at most for the guest to read them.
    public static let receiveLimit = 1024

    private enum InterruptEnable {
        static let received: UInt8 = 1
        static let transmitEmpty: UInt8 = 2
        static let lineStatus: UInt8 = 4
    }
    private enum LineStatus {
        static let dataReady: UInt8 = 0x01
        static let overrun: UInt8 = 0x02
        static let transmitterEmpty: UInt8 = 0x60
    }
    private enum Cause {
        static let none: UInt8 = 1
        static let transmitEmpty: UInt8 = 2
        static let received: UInt8 = 4
        static let lineStatus: UInt8 = 6
    }
    private static let divisorLatch: UInt8 = 0x80
    private static let loopback: UInt8 = 0x10

    /// A port with its registers from `base` on. `sink` gets each byte the guest sends, with the machine lock held, and
    /// must not block.
    public init(base: UInt64, instance: UInt32 = 0, line: InterruptLine, sink: @escaping @Sendable (UInt8) -> Void) {
        range = base..<base + Self.size
        identity = DeviceIdentity(name: "serial", instance: instance)
        self.line = line
        self.sink = sink
    }

    /// Takes input for the guest. Called with the machine lock held; returns how many bytes found room.
    @discardableResult
    public func receive(_ bytes: [UInt8]) -> Int {
        let accepted = min(bytes.count, Self.receiveLimit - state.received.count)
        state.received.append(contentsOf: bytes.prefix(accepted))
        if accepted < bytes.count { state.overrun = true }
        driveLine()
        return accepted
    }

    /// Reads a register.
    public func load(offset: UInt64, width: Int) -> UInt64 {
        guard offset < 8 else { return 0 }
        let value = UInt64(readRegister(offset))
        driveLine()
        return value
    }

    /// Writes a register.
    public func store(offset: UInt64, width: Int, value: UInt64) {
        guard offset < 8 else { return }
        writeRegister(offset, UInt8(truncatingIfNeeded: value))
        driveLine()
    }

    private var latchOpen: Bool { state.lineControl & Self.divisorLatch != 0 }

    private func readRegister(_ register: UInt64) -> UInt8 {
        switch register {
        case 0: return latchOpen ? UInt8(truncatingIfNeeded: state.divisor) : takeReceived()
        case 1: return latchOpen ? UInt8(state.divisor >> 8) : state.interruptEnable
        case 2: return readInterruptIdentity()
        case 3: return state.lineControl
        case 4: return state.modemControl
        case 5: return readLineStatus()
        case 6: return modemStatus
        default: return state.scratch
        }
    }

    private func writeRegister(_ register: UInt64, _ value: UInt8) {
        switch register {
        case 0 where latchOpen: state.divisor = state.divisor & 0xff00 | UInt16(value)
        case 0: transmit(value)
        case 1 where latchOpen: state.divisor = state.divisor & 0x00ff | UInt16(value) << 8
        case 1: setInterruptEnable(value & 0x0f)
        case 2: setFIFOControl(value)
        case 3: state.lineControl = value
        case 4: state.modemControl = value & 0x1f
        case 7: state.scratch = value
        default: break
        }
    }

    private func transmit(_ byte: UInt8) {
        if state.modemControl & Self.loopback != 0 {
            receive([byte])
        } else {
            sink(byte)
        }
        state.transmitEmptyPending = true
    }

    private func takeReceived() -> UInt8 { state.received.isEmpty ? 0 : state.received.removeFirst() }

    private func setInterruptEnable(_ value: UInt8) {
        let rises = value & ~state.interruptEnable & InterruptEnable.transmitEmpty != 0
        state.interruptEnable = value
        if rises { state.transmitEmptyPending = true }
    }

    private func setFIFOControl(_ value: UInt8) {
        if value & 0x02 != 0 || (value ^ state.fifoControl) & 1 != 0 { state.received = [] }
        state.fifoControl = value & 0xc9
    }

    private var cause: UInt8 {
        let enabled = state.interruptEnable
        if enabled & InterruptEnable.lineStatus != 0, state.overrun { return Cause.lineStatus }
        if enabled & InterruptEnable.received != 0, !state.received.isEmpty { return Cause.received }
        if enabled & InterruptEnable.transmitEmpty != 0, state.transmitEmptyPending { return Cause.transmitEmpty }
        return Cause.none
    }

    private func readInterruptIdentity() -> UInt8 {
        let cause = cause
        if cause == Cause.transmitEmpty { state.transmitEmptyPending = false }
        return cause | (state.fifoControl & 1 != 0 ? 0xc0 : 0)
    }

    private func readLineStatus() -> UInt8 {
        var status = LineStatus.transmitterEmpty
        if !state.received.isEmpty { status |= LineStatus.dataReady }
        if state.overrun { status |= LineStatus.overrun }
        state.overrun = false
        return status
    }

    /// Carrier, ring, ready and clear to send: the modem control outputs in loopback, else a connected line.
    private var modemStatus: UInt8 {
        let control = state.modemControl
        guard control & Self.loopback != 0 else { return 0xb0 }
        return (control & 0x0c) << 4 | (control & 0x02) << 3 | (control & 0x01) << 5
    }

    private func driveLine() { line.set(cause != Cause.none) }

    /// Puts all registers back and forgets what was received. Only while the machine is paused.
    public func resetToPowerOn() {
        state = State()
        driveLine()
    }

    /// Visits the state.
    public func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) -> State {
        var saved = state
        try fields.number("divider", &saved.divisor)
        try fields.number("ier", &saved.interruptEnable)
        try fields.number("fcr", &saved.fifoControl)
        try fields.number("lcr", &saved.lineControl)
        try fields.number("mcr", &saved.modemControl)
        try fields.number("scr", &saved.scratch)
        try fields.flag("thr_ipending", &saved.transmitEmptyPending)
        try fields.flag("overrun", &saved.overrun)
        try fields.countedBytes("received", &saved.received, limit: Self.receiveLimit, "serial.received")
        try fields.check(saved.interruptEnable < 0x10, "serial.interrupt-enable", "\(saved.interruptEnable)")
        try fields.check(saved.modemControl < 0x20, "serial.modem-control", "\(saved.modemControl)")
        return saved
    }

    /// Makes a loaded state current.
    public func restore(_ saved: State) { state = saved }
}
