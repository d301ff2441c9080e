// Measures how fast the guest dirties its memory, and holds vCPUs to a limit.
