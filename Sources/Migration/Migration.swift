/// Drives a migration stream out or in.
