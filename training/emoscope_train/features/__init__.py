"""From recordings to log-mel and MFCCs, as recorded and augmented."""
