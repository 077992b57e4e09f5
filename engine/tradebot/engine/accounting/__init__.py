"""What an engine's record says of money: exports, reports, backups; reads the record, changes nothing in it."""
