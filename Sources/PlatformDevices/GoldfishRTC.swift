public import Environment
public import MachineModel

/// The real-time clock that Linux knows as "google,goldfish-rtc": nanoseconds since 1970-01-01 00:00 UTC, and one alarm.
///
/// | offset | register | read | written |
/// |---|---|---|---|
/// | 0x00 | TIME_LOW | the low word of the time; keeps the high word for TIME_HIGH | sets it |
/// | 0x04 | TIME_HIGH | the high word that belongs to the last TIME_LOW | sets it |
/// | 0x08 | ALARM_LOW | the low word of the alarm | sets it, and the alarm with it |
/// | 0x0c | ALARM_HIGH | the high word of the alarm | is taken with the next ALARM_LOW |
/// | 0x10 | IRQ_ENABLED | whether the alarm interrupts | sets it (bit 0) |
/// | 0x14 | CLEAR_ALARM | 0 | takes the alarm back |
/// | 0x18 | ALARM_STATUS | whether an alarm is still to come | nothing |
/// | 0x1c | CLEAR_INTERRUPT | 0 | takes the interrupt back |
///
/// The clock is the host's, shifted by what the guest has set, which moves with the state: after a takeover the guest
/// reads the survivor's clock, shifted alike. As if it had a battery, the clock keeps that shift through a reset.
public final class GoldfishRTC: MemoryMappedDevice, SavedDevice, @unchecked Sendable {
    // SAFETY: every field is touched only with the machine lock held or the machine paused.
    /// The registers, and how far the guest has set its clock off the host's.
    public struct State: Equatable, Sendable {
        /// Guest time less host time, modulo 2^64.
        var shift: UInt64 = 0
        var alarm: UInt64 = 0
        var isAlarmSet = false
        var isInterruptPending = false
        var isInterruptEnabled = false
        var highWord: UInt32 = 0
    }

    /// The guest-physical addresses of its registers.
    public let range: Range<UInt64>
    /// The section of its state.
    public let identity = DeviceIdentity(name: "goldfish_rtc")
    private let line: InterruptLine
    private let clock: any WallClock
    private let lookAgain: @Sendable (Nanoseconds?) -> Void
    private var state = State()

    /// The length of the register range in bytes.
    public static let size: UInt64 = 0x1000
    /// How long a wait for the alarm is at most: the host's clock may be set meanwhile.
    public static let longestWait = Nanoseconds.seconds(1)

    private enum Register {
        static let timeLow: UInt64 = 0x00
        static let timeHigh: UInt64 = 0x04
        static let alarmLow: UInt64 = 0x08
        static let alarmHigh: UInt64 = 0x0c
        static let interruptEnabled: UInt64 = 0x10
        static let clearAlarm: UInt64 = 0x14
        static let alarmStatus: UInt64 = 0x18
        static let clearInterrupt: UInt64 = 0x1c
    }

    /// A clock with its registers from `base` on that follows `clock`. `lookAgain` is told, with the machine lock held,
    /// after which time `raiseDueAlarm` is to be called; nil: not before it is told anew.
    public init(
        base: UInt64, line: InterruptLine, clock: any WallClock, lookAgain: @escaping @Sendable (Nanoseconds?) -> Void
    ) {
        range = base..<base + Self.size
        self.line = line
        self.clock = clock
        self.lookAgain = lookAgain
    }

    /// Reads a register.
    public func load(offset: UInt64, width: Int) -> UInt64 {
        guard width == 4 else { return 0 }
        switch offset {
        case Register.timeLow:
            let now = time
            state.highWord = UInt32(now >> 32)
            return Self.low(now)
        case Register.timeHigh: return UInt64(state.highWord)
        case Register.alarmLow: return Self.low(state.alarm)
        case Register.alarmHigh: return state.alarm >> 32
        case Register.interruptEnabled: return state.isInterruptEnabled ? 1 : 0
        case Register.alarmStatus: return state.isAlarmSet ? 1 : 0
        default: return 0
        }
    }

    /// Writes a register.
    public func store(offset: UInt64, width: Int, value: UInt64) {
        guard width == 4 else { return }
        switch offset {
        case Register.timeLow:
            setTime { $0 & ~0xffff_ffff | Self.low(value) }
            raiseDueAlarm()
        // The low word follows; the time in between is nobody's, so no alarm is judged by it.
        case Register.timeHigh: setTime { Self.low($0) | value << 32 }
        case Register.alarmLow:
            state.alarm = state.alarm & ~0xffff_ffff | Self.low(value)
            state.isAlarmSet = true
            raiseDueAlarm()
        case Register.alarmHigh: state.alarm = Self.low(state.alarm) | value << 32
        case Register.interruptEnabled:
            state.isInterruptEnabled = value & 1 == 1
            driveLine()
        case Register.clearAlarm:
            state.isAlarmSet = false
            lookAgain(nil)
        case Register.clearInterrupt:
            state.isInterruptPending = false
            driveLine()
        default: break
        }
    }

    /// Raises the alarm if its time has come, else says when to look again. Called with the machine lock held.
    public func raiseDueAlarm() {
        guard state.isAlarmSet else { return lookAgain(nil) }
        let now = time
        guard now >= state.alarm else { return lookAgain(min(Self.longestWait, Nanoseconds(state.alarm - now))) }
        state.isAlarmSet = false
        state.isInterruptPending = true
        lookAgain(nil)
        driveLine()
    }

    private var time: UInt64 { clock.sinceEpoch().count &+ state.shift }

    private func setTime(_ change: (UInt64) -> UInt64) {
        let now = time
        state.shift &+= change(now) &- now
    }

    private static func low(_ value: UInt64) -> UInt64 { value & 0xffff_ffff }

    private func driveLine() { line.set(state.isInterruptPending && state.isInterruptEnabled) }

    /// Takes alarm and interrupt back; the time stays as it was set. Only while the machine is paused.
    public func resetToPowerOn() {
        state = State(shift: state.shift)
        lookAgain(nil)
        driveLine()
    }

    /// Visits the state.
    public func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) -> State {
        var saved = state
        try fields.number("shift", &saved.shift)
        try fields.number("alarm", &saved.alarm)
        try fields.flag("alarm_set", &saved.isAlarmSet)
        try fields.flag("irq_pending", &saved.isInterruptPending)
        try fields.flag("irq_enabled", &saved.isInterruptEnabled)
        try fields.number("time_high", &saved.highWord)
        return saved
    }

    /// Makes a loaded state current.
    public func restore(_ saved: State) {
        // The level of the line is part of the interrupt controller's state. An alarm that came due on the way is
        // raised when the guest runs.
        state = saved
        lookAgain(saved.isAlarmSet ? .zero : nil)
    }
}
