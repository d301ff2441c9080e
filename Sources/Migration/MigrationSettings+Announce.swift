import PacketPath
import QAPI

extension MigrationSettings.Values {
    /// The parameters announce-* as the packet path takes them.
    public var announcement: PacketPath.AnnounceParameters {
        PacketPath.AnnounceParameters(
            initial: announceInitial, max: announceMax, rounds: announceRounds, step: announceStep)
    }
}
