/// Channels of a migration: tcp: and unix: addresses, listeners, reads and writes with deadlines.
