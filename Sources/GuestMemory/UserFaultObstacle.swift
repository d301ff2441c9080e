/// What can be in the way of telling this process of faults in the guest's RAM: of writes, for a snapshot, or of pages that
/// are missing, for a postcopy.
public enum UserFaultObstacle: Sendable {
    /// The kernel, or what this process may do.
    case host
    /// What the memory is kept in.
    case memory
}
