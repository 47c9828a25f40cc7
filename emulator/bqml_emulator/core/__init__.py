"""What every other package stands on: configuration, limits, faults, the ledger, reading of statements."""
