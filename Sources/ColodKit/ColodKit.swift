/// From configuration to running services.
