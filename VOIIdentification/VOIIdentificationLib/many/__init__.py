"""Many scans: compared, logged over years, measured in batches."""
