set local row_security = off
