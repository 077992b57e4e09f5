"""Reading recorded files: bounded lines, receive times, problems counted with their places."""
