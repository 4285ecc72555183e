"""Mesa agents as live views of rows.

The state of a million agents lives in one record array for each kind, whose fields are columns. A
Mesa agent is a light view of one row, made when someone asks for it.
"""
