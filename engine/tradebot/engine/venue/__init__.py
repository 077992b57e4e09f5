"""The native venue: a venue like any other, in process, with a ledger of its own."""
