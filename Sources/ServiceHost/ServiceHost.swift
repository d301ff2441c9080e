/// What systemd expects of a service and what it gives to one, all through libsystemd.
///
/// - `ServiceNotifier`: readiness, the status line, stopping, more time (sd_notify(3)).
/// - `Watchdog`: pets systemd's watchdog only while every registered run loop turns (sd_watchdog_enabled(3)).
/// - `listenDescriptors`: sockets that systemd opened for us (sd_listen_fds_with_names(3)).
/// - `bootstrapLogging`: the journal with structured fields where standard error is the journal, plain lines elsewhere
///   (sd_journal_sendv(3)).
///
/// All of it does nothing, or falls back, in a process that systemd did not start.
public enum ServiceHost {}
