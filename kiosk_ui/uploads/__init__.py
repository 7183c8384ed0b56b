"""Videos on their way in: forms, resumable pieces, scoring while they arrive, and the queue."""
