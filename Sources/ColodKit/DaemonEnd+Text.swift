import Logging

extension DaemonEnd: CustomStringConvertible {
    /// Why the process ends, for the log.
    var description: String {
        switch self {
        case .quit: "a client gave the command quit"
        case .signal: "a signal asked for it (systemctl stop, or Ctrl-C)"
        case .guestPowerOff: "the guest powered itself off"
        case .failure(let why): why
        case .incomingFailure(let why): "the incoming migration failed: \(why)"
        case .restart(let why): "the process begins anew: \(why)"
        }
    }

    /// What the end means to the service.
    var logLevel: Logger.Level {
        switch self {
        case .quit, .signal, .guestPowerOff, .restart: .notice
        case .incomingFailure: .error
        case .failure: .critical
        }
    }
}
