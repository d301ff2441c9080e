// Tests of MigrationFormat.
