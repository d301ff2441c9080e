/// Assembles a machine, runs it, saves and loads its state.
