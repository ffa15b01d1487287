"""How the shop becomes numbers: each feature declared once, executed online and offline."""
