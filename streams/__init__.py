"""How bytes become alerts and alerts reach people."""
