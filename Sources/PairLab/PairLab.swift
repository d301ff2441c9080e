/// Hosts made of network namespaces, processes, and a Redis client: what tests, demo and benchmarks share.
