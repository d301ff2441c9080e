public import SystemCalls

/// Why the dirty rate is not measured, or vCPUs are not held to one.
public enum DirtyRateError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A measurement goes on.
    case alreadyMeasuring
    /// The time to measure is none that is allowed.
    case calculationTimeOutOfRange
    /// A number of sample pages was given to a way of measuring that takes no samples.
    case samplesWithoutSampling
    /// The number of sample pages is none that is allowed.
    case samplePagesOutOfRange
    /// No page of the guest's memory is here yet, so there is nothing to sample.
    case nothingToSample
    /// The engine cannot count the pages of each vCPU, which the way of measuring needs.
    case countingNotAvailable
    /// The engine cannot hold vCPUs to a limit.
    case limitsNotAvailable
    /// There is no such vCPU.
    case noSuchVCPU
    /// The host lacks means.
    case system(SystemError)

    /// What is wrong.
    public var description: String {
        switch self {
        case .alreadyMeasuring: "the dirty rate is already being measured."
        case .calculationTimeOutOfRange: "calc-time is out of range[1, 60]."
        case .samplesWithoutSampling: "either sample-pages or dirty-ring can be specified."
        case .samplePagesOutOfRange: "sample-pages is out of range[128, 16384]."
        case .nothingToSample:
            "no page of the guest's memory has come from the source of its migration yet: try again in a moment"
        case .countingNotAvailable: "mode dirty-ring is not enabled, use other method instead."
        case .limitsNotAvailable:
            "dirty page limit feature requires KVM with accelerator property 'dirty-ring-size' set'"
        case .noSuchVCPU: "incorrect cpu index specified"
        case .system(let error): error.description
        }
    }
}
