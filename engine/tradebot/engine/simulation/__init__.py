"""The simulator: seeded days of the real engine at a faulty venue, judged by somebody who knows the venue's books."""
