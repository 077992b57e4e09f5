"""What a console does for the sandbox it started: the coach, the plug, the recorded hour."""
