"""Log-mel and MFCCs of recordings, original and augmented."""
