"""One file per source of knowledge: each reads a user's own copy into concepts and relations."""
