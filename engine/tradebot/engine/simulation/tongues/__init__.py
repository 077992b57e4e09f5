"""The faulty venue in a broker's own bytes: its ledger behind a broker's face, and the broker's adapter before it."""
