/// The guest's network back-ends, and the hold that keeps its packets until their checkpoint is safe.
