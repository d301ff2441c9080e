/// A pair over a simulated link: one seed, one run.
