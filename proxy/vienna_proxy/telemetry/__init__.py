"""What operators see: one line for each call, metrics, health. None of it is evidence; that is the ledger."""
