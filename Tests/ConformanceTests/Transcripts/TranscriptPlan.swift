/// Which recorded session is played, how far, and why not further.
struct TranscriptPlan: Sendable {
    let name: String
    /// Played up to the first call that contains this text; nil for all of it.
    var until: String?
    /// Whether it is played at all.
    var isPlayed = true
    /// What the rest needs.
    var later: String?
    /// Whether the guest must write to its memory all the time.
    var isGuestBusy = false

    init(_ name: String) { self.name = name }

    /// Played up to a call.
    init(_ name: String, until: String, _ later: String) {
        (self.name, self.until, self.later) = (name, until, later)
    }

    /// Played with a guest that writes to its memory all the time.
    init(busy name: String, until: String? = nil, _ later: String? = nil) {
        (self.name, self.until, self.later) = (name, until, later)
        isGuestBusy = true
    }

    /// Not played yet.
    init(_ name: String, needs later: String) {
        (self.name, self.isPlayed, self.later) = (name, false, later)
    }
}

extension TranscriptPlan {
    /// The sessions that are not played as they are, to their end.
    static let all: [TranscriptPlan] = [
        TranscriptPlan(busy: "auto_converge"),
        TranscriptPlan(
            busy: "compress", until: "\"max-bandwidth\": 900000000",
            "the recorded guest writes more than that bandwidth carries, and the guest here does not"),
        TranscriptPlan(
            busy: "xbzrle", until: "\"max-bandwidth\": 900000000",
            "the recorded guest writes more than that bandwidth carries, and the guest here does not"),
        TranscriptPlan(
            "colo_multifd", until: "migrate-incoming",
            "a checkpoint's pages would go past the copy that is kept of them; QEMU 7.2 lets them, and it is refused here"
        ),
        TranscriptPlan(
            busy: "dirty_rate", until: "dirty-ring", "the rest needs a machine on which the mode dirty-ring is missing"),
        TranscriptPlan(
            "multifd_fewer_channels", until: "\"migrate\"",
            "a destination of QEMU 7.2 that gets too many channels becomes active, and then not even quit ends it; here it "
                + "fails at once"),
        TranscriptPlan("blocked", needs: "disks that cannot be migrated"),
        TranscriptPlan("version_mismatch", until: "-device virtio-rng-pci", "devices that differ"),
        TranscriptPlan(
            "postcopy_paused_cancel_stuck", until: "migrate_cancel",
            "QEMU 7.2 hangs in cancelling from there on; here the call is refused, and the postcopy can still be resumed"
        ),
        TranscriptPlan(
            "colo_migrate_in_colo_crash", until: "tcp:127.0.0.1:1\"",
            "QEMU 7.2 starts a migration in the middle of COLO and breaks; it is refused here"),
        TranscriptPlan(
            "misc_errors_1", until: "system_reset",
            "a return path over a one-way pipe leaves QEMU 7.2 waiting for ever, and the rest goes with that"),
        TranscriptPlan(
            "surrounding", until: "\"system_reset", "firmware that resets the machine by itself, and disk exports"),
        TranscriptPlan(
            "misc_errors_3", until: "migrate-incoming",
            "whether a destination is active before a client asks for events is a matter of speed"),
        TranscriptPlan("block_mig", needs: "block migration"),
        TranscriptPlan("dirty_bitmaps", needs: "dirty bitmaps"),
        TranscriptPlan("snapshots", needs: "qcow2 snapshots"),
        TranscriptPlan("late_block_activate", needs: "disks that can be locked"),
    ]
}
