"""The plain-Python facade."""
