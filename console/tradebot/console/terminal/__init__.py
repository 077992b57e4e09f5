"""The terminal itself: is it fit, is it still there, does it keep up."""
