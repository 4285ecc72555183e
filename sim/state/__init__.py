"""Mesa agents as live views of rows.

The state of all agents of a kind is stored in one record array, whose fields are columns. A Mesa agent is a
lightweight view of one row, created on demand.
"""
