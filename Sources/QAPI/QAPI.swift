/// Commands, events, capabilities and parameters of the management schema.
