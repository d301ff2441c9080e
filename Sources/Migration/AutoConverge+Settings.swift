import MigrationCore
import QAPI

extension AutoConverge.Settings {
    /// What `parameters` say.
    init(_ parameters: MigrationSettings.Values) {
        self.init(
            threshold: Int(parameters.throttleTriggerThreshold), initial: Int(parameters.cpuThrottleInitial),
            increment: Int(parameters.cpuThrottleIncrement), maximum: Int(parameters.maxCPUThrottle),
            isTailslow: parameters.cpuThrottleTailslow)
    }
}
