"""The running engine: one thread feeds the kernel, keeps the records, performs effects and answers clients."""
