"""What venues send: decoders of market data without any I/O."""
