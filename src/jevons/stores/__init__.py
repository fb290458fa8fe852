"""The tables of the ledger, the inbox, the locks and the queries."""
