"""The control API: what a running engine tells and takes, over HTTP and server-sent events."""
