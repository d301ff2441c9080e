import PacketPath
import QAPI

extension MigrationParameters {
    /// The parameters announce-* as the packet path takes them.
    public var announcement: AnnounceParameters {
        AnnounceParameters(initial: announceInitial, max: announceMax, rounds: announceRounds, step: announceStep)
    }
}
