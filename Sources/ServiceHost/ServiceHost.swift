/// What systemd expects of a service.
