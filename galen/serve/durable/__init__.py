"""What outlives the process: the event log, its snapshot, the audit trail."""
