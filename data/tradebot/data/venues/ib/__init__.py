"""Interactive Brokers' market data without I/O: contracts as instruments, ticks, rows of the book, bars."""
