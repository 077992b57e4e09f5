"""What is laid over the screen: review, kill, choices, help, history."""
