"""How much to bet: pure arithmetic on floats, no state, no I/O, no library but the standard one."""
