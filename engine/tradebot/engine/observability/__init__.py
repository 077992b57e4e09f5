"""What an engine tells of itself: log lines, traces, metrics; none of it can slow or stop the engine."""
