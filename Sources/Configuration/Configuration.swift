/// The configuration file: YAML to a validated description of guest and pair.
