// Tests of Migration.
