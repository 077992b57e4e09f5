"""Runs of one policy on a recording: the live kernel, gate and venue, at full speed, in a folder of their own."""
