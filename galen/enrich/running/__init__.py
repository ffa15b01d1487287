"""Questions asked, answers judged, nothing paid for twice: what all tables are written by."""
